"""What the pages of control have in common: look, and a policy that lets nothing run."""

from html import escape
from typing import Final

from fastapi.responses import HTMLResponse

_POLICY: Final = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}

_STYLE: Final = """
:root { color-scheme: dark; --line: #2c2f36; --faint: #9a9bab; --link: #6e9fff }
body { margin: 0; background: #111217; color: #ccccdc;
       font: 14px/1.5 Inter, Roboto, "Helvetica Neue", Arial, sans-serif }
header { display: flex; gap: 1rem; align-items: center; padding: 0 16px; height: 46px;
         background: #181b1f; border-bottom: 1px solid var(--line); color: var(--faint) }
header a { color: #ccccdc; font-weight: 600 }
main { max-width: 78rem; padding: 12px 16px 40px }
h1 { font-size: 20px; font-weight: 500; margin: 0 0 4px } h2 { font-size: 16px; font-weight: 500 }
a { color: var(--link); text-decoration: none } a:hover { text-decoration: underline }
p { margin: 0 0 12px; max-width: 50rem } .faint, time { color: var(--faint) }
table { border-collapse: collapse; width: 100%; background: #181b1f; border: 1px solid var(--line) }
th, td { text-align: left; padding: 6px 10px; border-bottom: 1px solid var(--line);
         vertical-align: top }
th { font-weight: 500; color: var(--faint) } td.wide { width: 40% }
code, pre { font: 12px/1.5 "JetBrains Mono", "DejaVu Sans Mono", monospace; background: #22252b;
            border-radius: 3px; padding: 1px 4px }
pre { padding: 10px; overflow: auto } pre code { padding: 0 }
.firing, .silent { color: #f2495c; font-weight: 600 }
.resolved, .alive { color: #73bf69; font-weight: 600 }
"""

_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">{meta}
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>{style}</style></head><body>
<header><a href="/">Alerts received</a><span>what Alertmanager delivered here</span></header>
<main>{body}</main></body></html>
"""


def page(title: str, body: str, *, refresh_seconds: int = 0) -> HTMLResponse:
    """A page around *body*, which is HTML; it loads itself anew where *refresh_seconds* is set."""
    meta = f'<meta http-equiv="refresh" content="{refresh_seconds}">' if refresh_seconds else ""
    html = _PAGE.format(title=escape(title), style=_STYLE, meta=meta, body=body)
    return HTMLResponse(html, headers=_POLICY)
