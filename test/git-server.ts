import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';

/** The text or bytes of a file, a link's target, an executable file, or null to delete the file. */
export type FileContent = string | Buffer | { link: string } | { script: string } | null;

export interface GitServer {
  /** `http://127.0.0.1:port`. */
  url: string;
  /** The bare repositories: `<dir>/acme/shop.git`. */
  dir: string;
  /** `METHOD path` of each request, in order. */
  requests: string[];
  /** Creates an empty repository such as `acme/shop` and returns its clone URL. */
  create(name: string): Promise<string>;
  /** Adds a commit with these changes on `ref`, a full ref or a branch name (default main). Returns the SHA. */
  push(name: string, files: Record<string, FileContent>, options?: PushOptions): Promise<string>;
  /** Sets a full ref; `null` deletes it. */
  point(name: string, ref: string, sha: string | null): Promise<void>;
  /** Creates an annotated tag and returns the tag object's SHA. */
  tag(name: string, tag: string, sha: string): Promise<string>;
  end(): Promise<void>;
}

export interface PushOptions {
  ref?: string;
  message?: string;
  /** The parent commit; by default the ref's current one, null for a commit without history. */
  parent?: string | null;
  merge?: string;
}

export interface GitServerOptions {
  /** If set, requests need Basic credentials `x-access-token:<token>`, as on GitHub. */
  token?: string;
  /** Uses the old protocol and refuses to serve commits by their SHA, unlike GitHub. */
  old?: boolean;
}

/** A real remote: `git http-backend` on loopback. */
export async function startGitServer(options: GitServerOptions = {}): Promise<GitServer> {
  const dir = await mkdtemp(join(tmpdir(), 'gantry-git-'));
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    serveGit(dir, options, request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const git = (name: string, argv: string[], input: Buffer = Buffer.alloc(0)) =>
    runGit(join(dir, `${name}.git`), argv, input);

  return {
    url,
    dir,
    requests,
    create: async (name) => {
      const path = join(dir, `${name}.git`);
      await mkdir(path, { recursive: true });
      await git(name, ['init', '-q', '--bare', '-b', 'main', path]);
      if (!options.old) await git(name, ['config', 'uploadpack.allowAnySHA1InWant', 'true']);
      return `${url}/${name}.git`;
    },
    push: async (name, files, { ref = 'main', message = 'A change', parent, merge } = {}) => {
      const full = ref.startsWith('refs/') ? ref : `refs/heads/${ref}`;
      const before =
        parent === undefined ? await git(name, ['rev-parse', '-q', '--verify', full]).catch(() => '') : parent;
      const stream = commitStream(files, { message, parent: before || null, merge: merge ?? null });
      await git(name, ['fast-import', '--quiet', '--force', '--date-format=now'], stream);
      const sha = await git(name, ['rev-parse', 'refs/gantry-test/new']);
      await git(name, ['update-ref', full, sha]);
      await git(name, ['update-ref', '-d', 'refs/gantry-test/new']);
      return sha;
    },
    point: async (name, ref, sha) => {
      await git(name, sha === null ? ['update-ref', '-d', ref] : ['update-ref', ref, sha]);
    },
    tag: async (name, tag, sha) => {
      await git(name, ['tag', '-a', '-m', `Tag ${tag}`, tag, sha]);
      return await git(name, ['rev-parse', `refs/tags/${tag}`]);
    },
    end: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export async function serveGit(
  dir: string,
  options: GitServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (options.token !== undefined && request.headers.authorization !== basic(options.token)) {
    response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end('Unauthorized\n');
    return;
  }
  const { pathname, search } = new URL(request.url ?? '/', 'http://git');
  const backend = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env.PATH,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_PROJECT_ROOT: dir,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: decodeURIComponent(pathname),
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: options.old ? '' : String(request.headers['git-protocol'] ?? ''),
      REMOTE_ADDR: '127.0.0.1',
    },
  });
  request.pipe(backend.stdin.on('error', () => undefined));
  backend.stderr.resume();
  response.on('close', () => backend.kill('SIGKILL'));
  await answer(backend, response);
}

function basic(token: string): string {
  return `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`;
}

/** Parses a CGI response: headers, possibly `Status:`, an empty line and the body. */
async function answer(backend: ChildProcessWithoutNullStreams, response: ServerResponse): Promise<void> {
  let head: Buffer | null = Buffer.alloc(0);
  for await (const chunk of backend.stdout as AsyncIterable<Buffer>) {
    if (head === null) {
      response.write(chunk);
      continue;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end === -1) continue;
    for (const line of head.toString('latin1', 0, end).split('\r\n')) {
      const [name = '', value = ''] = line.split(/: ?(.*)/s);
      if (name.toLowerCase() === 'status') response.statusCode = Number.parseInt(value, 10);
      else response.setHeader(name, value);
    }
    response.write(head.subarray(end + 4));
    head = null;
  }
  response.end();
}

function commitStream(
  files: Record<string, FileContent>,
  { message, parent, merge }: { message: string; parent: string | null; merge: string | null },
): Buffer {
  const parts: (string | Buffer)[] = ['commit refs/gantry-test/new\n', 'committer Ada <ada@example.com> now\n'];
  parts.push(`data ${Buffer.byteLength(message)}\n${message}\n`);
  if (parent !== null) parts.push(`from ${parent}\n`);
  if (merge !== null) parts.push(`merge ${merge}\n`);
  for (const [path, content] of Object.entries(files)) {
    const name = JSON.stringify(path);
    if (content === null) {
      parts.push(`D ${name}\n`);
      continue;
    }
    const { mode, bytes } = blobOf(content);
    parts.push(`M ${mode} inline ${name}\ndata ${bytes.length}\n`, bytes, '\n');
  }
  return Buffer.concat(parts.map((part) => Buffer.from(part)));
}

function blobOf(content: Exclude<FileContent, null>): { mode: string; bytes: Buffer } {
  if (typeof content === 'string' || Buffer.isBuffer(content)) return { mode: '100644', bytes: Buffer.from(content) };
  if ('link' in content) return { mode: '120000', bytes: Buffer.from(content.link) };
  return { mode: '100755', bytes: Buffer.from(content.script) };
}

async function runGit(cwd: string, argv: string[], input: Buffer): Promise<string> {
  const git = spawn('git', argv, {
    cwd,
    env: {
      PATH: process.env.PATH,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_COMMITTER_NAME: 'Ada',
      GIT_COMMITTER_EMAIL: 'ada@example.com',
    },
  });
  git.stdin.on('error', () => undefined).end(input);
  const [output, stderr, [code]] = await Promise.all([buffer(git.stdout), text(git.stderr), once(git, 'close')]);
  if (code !== 0) throw new Error(`git ${argv.join(' ')}: ${stderr}`);
  return output.toString().trim();
}
