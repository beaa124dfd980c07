#!/bin/sh
# release.sh VERSION [DATE]: set the version, build CHANGELOG.md from .changelog/, commit. Called by `make release`.
set -eu
cd "$(dirname "$0")/.."
version=${1:-}
date=${2:-$(date +%Y-%m-%d)}

fail() {
    printf 'release: %s\n' "$1" >&2
    exit 1
}

case $version in
[0-9]*.[0-9]*.[0-9]*) ;;
*) fail "VERSION='$version': expected three numbers, like 0.2.0; run: make release VERSION=0.2.0" ;;
esac
[ -z "$(git status --porcelain)" ] || fail "the working tree has changes; commit or remove them first"
[ -n "$(find .changelog -name '*.md')" ] || fail ".changelog has no fragment; there is nothing to release"

sed -i.old "s/^VERSION: Final = .*/VERSION: Final = \"$version\"/" instrumentation/conventions.py
sed -i.old "s/service\.version=[0-9.]*/service.version=$version/" docker-compose.yml
rm instrumentation/conventions.py.old docker-compose.yml.old
.venv/bin/towncrier build --yes --version "$version" --date "$date"
git add --all
git commit --quiet --message "release: $version" --message "make release moved the fragments of .changelog/ into CHANGELOG.md and set the version.
Verified: tests/contract/test_changelog.py passes with the same fragments."
git show --stat --oneline HEAD | tail -1
