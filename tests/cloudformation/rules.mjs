// Rules of this pattern's own: what is valid, and yet a slip.
import { resources, walk } from "./template.mjs";

const list = (value) => (Array.isArray(value) ? value : [value]);

// A literal, or the default of the parameter that it refers to.
const known = (value, template) => (value?.Ref ? template.Parameters?.[value.Ref]?.Default : value);
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

function* records(template) {
  for (const [name, { Properties }] of resources(template, "AWS::ServiceDiscovery::Service")) {
    if (!Properties.HealthCheckCustomConfig) yield `${name}: Cloud Map is told nothing of the tasks' health`;
    for (const { TTL } of Properties.DnsConfig.DnsRecords)
      if (Number(known(TTL, template)) < 1 || (TTL.Ref && !(template.Parameters[TTL.Ref].MinValue >= 1)))
        yield `${name}: a TTL of 0 makes resolvers ask at each look`;
  }
}

function* openings(template) {
  for (const [path, value] of walk(template)) {
    if (!value?.IpProtocol) continue;
    const where = path.join(".");
    if (value.IpProtocol !== "tcp") yield `${where}: a rule for more than TCP`;
    if (value.FromPort === undefined || value.ToPort === undefined) yield `${where}: a rule without ports`;
    if (where.includes("Ingress") && known(value.CidrIp, template) === "0.0.0.0/0" && value.FromPort !== 80)
      yield `${where}: open to everybody`;
  }
}

function* containers(template) {
  for (const [task, { Properties }] of resources(template, "AWS::ECS::TaskDefinition"))
    for (const container of Properties.ContainerDefinitions) {
      const where = `${task}: ${container.Name}`;
      const ports = (container.PortMappings ?? []).map((mapping) => mapping.ContainerPort);
      const port = container.Environment?.find((variable) => variable.Name === "PORT")?.Value;
      if (!container.Image?.Ref) yield `${where}: the image is no parameter`;
      if (port && !ports.some((mapped) => same(mapped, port))) yield `${where}: PORT is not the container's port`;
      if (!container.LogConfiguration) yield `${where}: its output goes nowhere`;
      if (!container.HealthCheck && !balanced(template, container.Name)) yield `${where}: no health check`;
    }
}

const services = (template) => resources(template, "AWS::ECS::Service").map(([, service]) => service.Properties);
const balanced = (template, name) =>
  services(template).some((service) => service.LoadBalancers?.some((balancer) => balancer.ContainerName === name));

function* ports(template) {
  const tasks = resources(template, "AWS::ECS::TaskDefinition").map(([, task]) => task.Properties.ContainerDefinitions);
  for (const service of services(template))
    for (const { ContainerName, ContainerPort } of [...(service.LoadBalancers ?? []), ...(service.ServiceRegistries ?? [])]) {
      const container = tasks.flat().find((candidate) => candidate.Name === ContainerName);
      if (ContainerName && !container?.PortMappings?.some((mapping) => same(mapping.ContainerPort, ContainerPort)))
        yield `a service sends to a port that ${ContainerName} does not have`;
    }
}

// Nothing may be done to everything, but what knows no narrower resource.
function* permissions(template) {
  for (const [path, value] of walk(template)) {
    if (value?.Effect !== "Allow" || value.Principal) continue;
    const wide = list(value.Action).filter((action) => action.includes("*"));
    const all = list(value.Resource).includes("*") && !same(list(value.Action), ["ecr:GetAuthorizationToken"]);
    if (wide.length > 0 || all) yield `${path.join(".")}: more than it needs`;
  }
}

function* leftovers(template) {
  for (const [name, { DeletionPolicy }] of Object.entries(template.Resources))
    if (DeletionPolicy && DeletionPolicy !== "Delete") yield `${name}: stays when the stack is deleted`;
}

export function* rules(all) {
  for (const [file, template] of all)
    for (const rule of [records, openings, containers, ports, permissions, leftovers])
      for (const fault of rule(template)) yield `${file}: ${fault}`;
}
