// What AWS's validator does not look at: between a stack and those nested in it, every parameter is
// passed and every output exists; and what a template says twice is said alike.
import { resources, walk } from "./template.mjs";

const STACK = "AWS::CloudFormation::Stack";

// Where an expression asks for another resource's attribute: [resource, attribute]
function attributes(value) {
  const asked = value?.["Fn::GetAtt"];
  if (asked) return [(Array.isArray(asked) ? asked.join(".") : asked)];
  const text = value?.["Fn::Sub"];
  const found = typeof text === "string" ? text : Array.isArray(text) ? text[0] : "";
  return [...found.matchAll(/\$\{([^!}][^}]*\.[^}]*)\}/g)].map((match) => match[1]);
}

function* parameters(where, passed, wanted, given) {
  for (const name of Object.keys(passed))
    if (!wanted[name]) yield `${where} has no parameter ${name}`;
  for (const [name, parameter] of Object.entries(wanted))
    if (!(name in passed) && !("Default" in parameter)) yield `${where}: parameter ${name} is not passed`;
  for (const [name, value] of Object.entries(passed)) {
    const [own, other] = [wanted[name] ?? {}, given[value?.Ref] ?? {}];
    for (const key of ["Default", "AllowedValues"])
      if (key in own && key in other && String(own[key]) !== String(other[key]))
        yield `${where}: ${key} of ${name} is ${own[key]}, and of ${value.Ref} ${other[key]}`;
  }
}

function* nestedIn(file, template, all) {
  const stacks = new Map();
  for (const [name, { Properties }] of resources(template, STACK)) {
    const child = all.get(Properties.TemplateURL);
    stacks.set(name, child);
    if (!child) yield `${file}: ${name}: there is no ${Properties.TemplateURL}`;
    else
      yield* parameters(`${file}: ${name} (${Properties.TemplateURL})`, Properties.Parameters ?? {},
        child.Parameters ?? {}, template.Parameters ?? {});
  }
  for (const [, value] of walk(template))
    for (const attribute of attributes(value)) {
      const [name, outputs, output] = attribute.split(".");
      if (stacks.get(name) && (outputs !== "Outputs" || !stacks.get(name).Outputs?.[output]))
        yield `${file}: ${name} has no ${attribute.slice(name.length + 1)}`;
    }
}

export function* nested(all) {
  for (const [file, template] of all) {
    for (const [path, value] of walk(template)) if (value === null) yield `${file}: ${path.join(".")} is empty`;
    yield* nestedIn(file, template, all);
  }
}
