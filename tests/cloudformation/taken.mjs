// usage: node taken.mjs WANT NAME FILE: what tests/rehearsal/extract.awk takes out of a template, here by
// a parser of YAML.
import { read, walk } from "./template.mjs";

const [want, name, file] = process.argv.slice(2);
const template = read(file);
const fill = (text) => text.replaceAll(/\$\{([A-Za-z]+)\}/g, (all, key) => template.Parameters[key]?.Default ?? "");
const said = (value) => value.Ref ? template.Parameters[value.Ref].Default : value["Fn::Sub"] ? fill(value["Fn::Sub"]) : value;

function container() {
  for (const [, value] of walk(template)) if (value?.Name === name && value.Image) return value;
}

function upstream() {
  for (const [, value] of walk(template)) {
    const script = value?.["Fn::Base64"]?.["Fn::Sub"];
    if (script) return fill(script.match(/<<'UPSTREAM'\n([^]*?)^UPSTREAM$/m)[1]);
  }
}

const takes = {
  program: () => container().Command.at(-1),
  environment: () => container().Environment.map((variable) => `${variable.Name}=${said(variable.Value)}\n`).join(""),
  default: () => `${template.Parameters[name].Default}\n`,
  upstream,
};
process.stdout.write(takes[want]());
