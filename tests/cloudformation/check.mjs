// usage: node check.mjs FOLDER: what AWS's validator and our own rules find in its templates, one line
// each; where that is nothing, whether they find what mutations.mjs puts in. Exit status 1 where not.
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CelEngine, TemplateFile } from "@aws/cloudformation-validate";
import { MUTATIONS } from "./mutations.mjs";
import { nested } from "./nested.mjs";
import { rules } from "./rules.mjs";
import { readAll } from "./template.mjs";

const SEVERE = ["FATAL", "ERROR", "WARN"];
// Findings that we mean as they are, and why.
const MEANT = [
  { rule: "W3002", file: "parent.yml" }, // a template's path: "sam deploy" uploads it and puts its URL there
];

const engine = new CelEngine(); // which takes ten seconds: so this is one program

function validate(folder, file) {
  return engine.validateStandard(new TemplateFile(join(folder, file))).diagnostics
    .filter(({ severity, ruleId }) => SEVERE.includes(severity) &&
      !MEANT.some((meant) => meant.rule === ruleId && meant.file === file))
    .map(({ severity, ruleId, message, startLine }) => `${file}:${startLine}: ${severity} ${ruleId}: ${message}`);
}

function faults(folder, files) {
  try {
    const all = readAll(folder);
    return [...files.flatMap((file) => validate(folder, file)), ...nested(all), ...rules(all)];
  } catch (error) {
    return [error.message];
  }
}

// The mutations of which nobody says what is expected.
function missed(folder) {
  const place = mkdtempSync(join(tmpdir(), "redial-templates-"));
  const lines = MUTATIONS.flatMap(([file, from, to, expected]) => {
    const sound = readFileSync(join(folder, file), "utf8");
    cpSync(folder, place, { recursive: true });
    writeFileSync(join(place, file), sound.replace(from, () => to));
    const found = sound.includes(from) ? faults(place, [file]) : ["there is no such text"];
    if (found.some((line) => expected.test(line))) return [];
    return [`not found: ${file}: ${JSON.stringify(from)} as ${JSON.stringify(to)}; but: ${found.join("; ") || "nothing"}`];
  });
  rmSync(place, { recursive: true });
  return lines;
}

const folder = process.argv[2];
const files = readdirSync(folder).filter((name) => name.endsWith(".yml"));
let lines = faults(folder, files);
const sound = lines.length === 0 && files.length > 0;
if (sound) lines = missed(folder);
for (const line of lines) console.log(line);
console.log(sound ? `${files.length} templates without a fault, ${MUTATIONS.length} mutations, ${lines.length} not found`
  : `${files.length} templates, ${lines.length} faults`);
process.exitCode = sound && lines.length === 0 ? 0 : 1;
