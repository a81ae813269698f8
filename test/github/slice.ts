/**
 * Extracts the operations that Gantry uses from GitHub's OpenAPI description, which is too large to depend on.
 * Run it once per version, in an empty folder:
 *
 *   npm pack @octokit/openapi@23 && tar xzf octokit-openapi-*.tgz package/generated/api.github.com.json
 *   node --import ./src/register.ts test/github/slice.ts FOLDER/package/generated/api.github.com.json
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const OPERATIONS = [
  'repos/get',
  'repos/create-commit-status',
  'repos/list-commit-statuses-for-ref',
  'repos/create-deployment',
  'repos/list-deployments',
  'repos/create-deployment-status',
  'repos/create-webhook',
  'checks/create',
  'checks/update',
];

type Node = { [key: string]: unknown };

const [source] = process.argv.slice(2);
if (source === undefined)
  throw new Error('usage: slice.ts PATH_OF_api.github.com.json (see the comment at the top of this script)');
const whole = JSON.parse(readFileSync(source, 'utf8')) as Node & { info: Node; paths: Node };
const paths = slicePaths(whole.paths);
const slice = {
  openapi: whole.openapi,
  info: { title: whole.info.title, version: whole.info.version, license: whole.info.license },
  paths,
  components: collectComponents(paths),
};
writeFileSync(join(import.meta.dirname, 'description.json'), `${JSON.stringify(slice, null, 1)}\n`);

function slicePaths(all: Node): Node {
  const kept: Node = {};
  const missing = new Set(OPERATIONS);
  for (const [path, item] of Object.entries(all)) {
    for (const [method, operation] of Object.entries(item as Node)) {
      const id = (operation as Node).operationId as string;
      if (missing.delete(id))
        kept[path] = { ...(kept[path] as Node | undefined), [method]: sliceOperation(operation as Node) };
    }
  }
  if (missing.size > 0) throw new Error(`The description has no ${[...missing].join(', ')}.`);
  return kept;
}

/** Without error responses: the fake GitHub has its own. */
function sliceOperation({ operationId, parameters = [], requestBody, responses }: Node): Node {
  const successes = Object.entries(responses as Node).filter(([status]) => status.startsWith('2'));
  return {
    operationId,
    parameters: strip(parameters),
    ...(requestBody === undefined ? {} : { requestBody: strip(requestBody) }),
    responses: Object.fromEntries(successes.map(([status, response]) => [status, sliceResponse(response as Node)])),
  };
}

/** Keeps one example, the base of the fake GitHub's responses. */
function sliceResponse({ content = {} }: Node): Node {
  const { schema, examples = {} } = ((content as Node)['application/json'] ?? {}) as {
    schema: unknown;
    examples?: Node;
  };
  const example = Object.values(examples)[0];
  const json = { schema: strip(schema), ...(example === undefined ? {} : { examples: { default: example } }) };
  return { description: '', content: { 'application/json': json } };
}

/** Removes what a validator does not need: prose, examples, extensions. With `names`, keys are property names. */
function strip(node: unknown, names = false): unknown {
  if (Array.isArray(node)) return node.map((item) => strip(item));
  if (typeof node !== 'object' || node === null) return node;
  const kept = Object.entries(node).filter(([key]) => names || !isProse(key));
  return allowNull(Object.fromEntries(kept.map(([key, value]) => [key, strip(value, key === 'properties' && !names)])));
}

function isProse(key: string): boolean {
  return (
    ['description', 'title', 'example', 'examples', 'externalDocs', 'deprecated'].includes(key) || key.startsWith('x-')
  );
}

/** Converts `nullable` of OpenAPI 3.0 for JSON schema: `enum` must include null, and `nullable` needs a type. */
function allowNull(schema: Node): Node {
  if (schema.nullable !== true) return schema;
  const { nullable, ...rest } = schema;
  if (Array.isArray(rest.enum)) return { ...rest, nullable, enum: [...new Set([...rest.enum, null])] };
  if (rest.type !== undefined) return schema;
  return { anyOf: [rest, { type: 'string', nullable, enum: [null] }] };
}

function collectComponents(root: unknown): Node {
  const components: Node = {};
  const waiting = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    for (const [, group = '', name = ''] of JSON.stringify(node).matchAll(/"#\/components\/(\w+)\/([^"/]+)"/g)) {
      const kept = (components[group] ??= {}) as Node;
      if (name in kept) continue;
      const found = ((whole.components as Node)[group] as Node)[name];
      kept[name] = group === 'examples' ? found : strip(found);
      waiting.push(kept[name]);
    }
  }
  return components;
}
