// Compares dashboards with Grafana's own definitions: node check.mjs DASHBOARD.json…
// Prints one line per finding, and exits with status 1 if there are any.
import { readFileSync } from "node:fs";
import { basename } from "node:path";

import { unknownNames } from "./names.mjs";
import { misfits } from "./types.mjs";

const everyPanel = (panels) =>
  panels.flatMap((panel) => [panel, ...everyPanel(panel.panels ?? [])]);

const dashboards = process.argv.slice(2).map((path) => ({
  name: basename(path, ".json"),
  panels: everyPanel(JSON.parse(readFileSync(path, "utf8")).panels).filter(
    (panel) => panel.type !== "row",
  ),
}));

const findings = [...dashboards.flatMap(unknownNames), ...misfits(dashboards)];
findings.forEach((finding) => console.log(finding));
console.log(
  `${dashboards.flatMap(({ panels }) => panels).length} panels, ${findings.length} findings`,
);
process.exit(findings.length ? 1 : 0);
