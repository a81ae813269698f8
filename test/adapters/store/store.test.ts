import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { migrations } from '../../../src/adapters/store/migrations.ts';
import { openStore, type Store, type Tx } from '../../../src/adapters/store/store.ts';

let dir: string;
let file: string;
let store: Store;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gantry-store-'));
  file = join(dir, 'server', 'gantry.sqlite');
  store = openStore(file);
});
afterEach(async () => {
  await store.close();
  await rm(dir, { recursive: true, force: true });
});

describe('The database file', () => {
  it('is created with its folder, which only its owner may read', async () => {
    expect((await stat(join(dir, 'server'))).mode & 0o777).toBe(0o700);
    expect(query('PRAGMA user_version')).toEqual({ user_version: migrations.length });
    expect(query('PRAGMA journal_mode')).toEqual({ journal_mode: 'wal' });
  });

  it('keeps its rows when it is opened again', async () => {
    await addApp('shop');
    await store.close();
    store = openStore(file);
    expect(await apps()).toEqual(['shop']);
  });

  it('is refused and left unchanged when a newer Gantry wrote it', () => {
    const newer = migrations.length + 1;
    query(`PRAGMA user_version = ${newer}`);
    expect(() => openStore(file)).toThrow(
      expect.objectContaining({ code: 'store', message: expect.stringContaining('newer') }),
    );
    expect(query('PRAGMA user_version')).toEqual({ user_version: newer });
  });
});

describe('A write', () => {
  it('holds the write lock before its first statement', async () => {
    await store.write(async () => {
      expect(() => query('BEGIN IMMEDIATE')).toThrow('database is locked');
    });
    expect(() => query('BEGIN IMMEDIATE')).not.toThrow();
  });

  it('waits for the writes before it', async () => {
    const order: string[] = [];
    const write = (name: string) =>
      store.write(async (tx) => {
        order.push(`${name} begins`);
        await insert(tx, name);
        order.push(`${name} ends`);
      });
    await Promise.all([write('one'), write('two'), write('three')]);
    expect(order).toEqual(['one', 'two', 'three'].flatMap((name) => [`${name} begins`, `${name} ends`]));
  });

  it('is rolled back when it rejects, and the next one runs', async () => {
    const failing = store.write(async (tx) => {
      await insert(tx, 'shop');
      throw new Error('no');
    });
    await Promise.all([expect(failing).rejects.toThrow('no'), addApp('blog')]);
    expect(await apps()).toEqual(['blog']);
  });

  it('resolves with what its work returned', async () => {
    expect(await store.write(async (tx) => (await insert(tx, 'shop')).length)).toBe(1);
  });
});

describe('A read', () => {
  it('does not see a write before its commit, and does not wait for it', async () => {
    await store.write(async (tx) => {
      await insert(tx, 'shop');
      expect(await apps()).toEqual([]);
    });
    expect(await apps()).toEqual(['shop']);
  });

  it('cannot change anything', async () => {
    await expect(store.read.deleteFrom('apps').execute()).rejects.toThrow('readonly');
  });
});

it('Closing waits for the writes in progress', async () => {
  const write = addApp('shop');
  await store.close();
  await write;
  store = openStore(file);
  expect(await apps()).toEqual(['shop']);
});

function insert(tx: Tx, name: string) {
  return tx.insertInto('apps').values({ name, repo_id: 'repo_1', created_at: 0 }).execute();
}

function addApp(name: string) {
  return store.write((tx) => insert(tx, name));
}

async function apps(): Promise<string[]> {
  const rows = await store.read.selectFrom('apps').select('name').orderBy('name').execute();
  return rows.map((row) => row.name);
}

/** Runs one statement on another connection, which does not wait for a lock. */
function query(sql: string) {
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    return { ...database.prepare(sql).get() };
  } finally {
    database.close();
  }
}
