// Templates as plain objects, with !Ref and its like in their long form: {Ref: …}, {"Fn::Sub": …}.
import { readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { isMap, isSeq, parseDocument } from "yaml";

const long = (tag) => (["!Ref", "!Condition"].includes(tag) ? tag.slice(1) : `Fn::${tag.slice(1)}`);

function plain(node) {
  let value = node?.value ?? null;
  if (isMap(node)) value = Object.fromEntries(node.items.map((pair) => [pair.key.value, plain(pair.value)]));
  if (isSeq(node)) value = node.items.map(plain);
  return /^![A-Z]/.test(node?.tag ?? "") ? { [long(node.tag)]: value } : value;
}

export function read(file) {
  const document = parseDocument(readFileSync(file, "utf8"), { logLevel: "silent" });
  if (document.errors.length > 0) throw new Error(`${basename(file)}: ${document.errors[0].message}`);
  return plain(document.contents);
}

// All templates of a folder, by their file names.
export function readAll(folder) {
  const files = readdirSync(folder).filter((name) => name.endsWith(".yml")).sort();
  return new Map(files.map((name) => [name, read(join(folder, name))]));
}

// Every value within, with the keys that lead to it.
export function* walk(value, path = []) {
  yield [path, value];
  if (value && typeof value === "object")
    for (const key of Object.keys(value)) yield* walk(value[key], [...path, key]);
}

export const resources = (template, type) =>
  Object.entries(template.Resources ?? {}).filter(([, resource]) => resource.Type === type);
