// Options and field configuration of each panel as typed constants, compiled against
// @grafana/schema. The compiler reports keys and values that Grafana does not define.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import ts from "typescript";

const HERE = dirname(fileURLToPath(import.meta.url));
const DEFINITIONS = "node_modules/@grafana/schema/dist/types/raw/composable";
const FOLDERS = { "state-timeline": "statetimeline", nodeGraph: "nodegraph" };
const WITHOUT_OPTIONS = new Set(["traces"]); // its options are in Grafana's server, not in the package

// The definitions use enumerations, which JSON strings do not match. Replace them by their strings,
// and make every key optional.
const AS_JSON =
  "type Json<T> = T extends string ? `${T}` : T extends number | boolean | null | undefined ? T : " +
  "T extends (infer U)[] ? Json<U>[] : T extends object ? { [K in keyof T]?: Json<T[K]> } : T;\n";

export function misfits(dashboards) {
  const file = join(HERE, "panels.ts");
  const { source, unknown } = constants(dashboards);
  const options = { strict: true, noEmit: true, skipLibCheck: true, types: [] };
  const host = ts.createCompilerHost(options);
  const { fileExists, getSourceFile } = host;
  host.fileExists = (path) => path === file || fileExists(path);
  host.getSourceFile = (path, ...rest) =>
    path === file
      ? ts.createSourceFile(path, source, ts.ScriptTarget.Latest)
      : getSourceFile.call(host, path, ...rest);
  const program = ts.createProgram([file], options, host);
  const faults = ts
    .getPreEmitDiagnostics(program)
    .filter((fault) => fault.file?.fileName === file)
    .map((fault) => `${place(source, fault.start)}: ${text(fault.messageText)}`);
  return [...unknown, ...faults];
}

function constants(dashboards) {
  const imports = new Set();
  const unknown = [];
  let body = "";
  for (const { name, panels } of dashboards) {
    for (const panel of panels.filter(({ type }) => !WITHOUT_OPTIONS.has(type))) {
      const folder = FOLDERS[panel.type] ?? panel.type;
      const definition = join(HERE, DEFINITIONS, folder, "panelcfg/x/types.gen.d.ts");
      if (!existsSync(definition)) {
        unknown.push(`${name}: panel ${panel.id} "${panel.title}": unknown type "${panel.type}"`);
        continue;
      }
      imports.add(`import type * as ${folder} from "./${DEFINITIONS}/${folder}/panelcfg/x/types.gen";`);
      body += typed(name, panel, folder, readFileSync(definition, "utf8"));
    }
  }
  return { source: `${[...imports].join("\n")}\n${AS_JSON}${body}`, unknown };
}

function typed(name, panel, folder, definition) {
  const own = [
    ["Options", [panel.options ?? {}]],
    ["FieldConfig", [panel.fieldConfig?.defaults?.custom ?? {}, ...overridden(panel)]],
  ];
  return own
    .filter(([type]) => new RegExp(`export (interface|type) ${type}\\b`).test(definition))
    .flatMap(([type, values]) =>
      values.map(
        (value) =>
          `// ${name}: panel ${panel.id} "${panel.title}"\n` +
          `{ const value: Json<${folder}.${type}> = ${JSON.stringify(value)}; void value; }\n`,
      ),
    )
    .join("");
}

const overridden = (panel) =>
  (panel.fieldConfig?.overrides ?? []).map(({ properties }) =>
    Object.fromEntries(
      properties
        .filter(({ id }) => id.startsWith("custom."))
        .map(({ id, value }) => [id.slice("custom.".length), value]),
    ),
  );

const place = (source, start) =>
  source.slice(0, start).split("\n").findLast((line) => line.startsWith("// "))?.slice(3);

const text = (message) => ts.flattenDiagnosticMessageText(message, " ");
