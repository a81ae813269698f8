import { expect, test } from 'vitest';
import { openSession } from '../../../../src/adapters/docker/build/build-session.ts';
import { connection } from '../../../../src/adapters/docker/engine/connection.ts';
import { installation } from '../test-engine.ts';

test('Sessions that are closed right after opening end without errors', async () => {
  const engine = await connection(null, installation)();
  const sessions = await Promise.all(Array.from({ length: 50 }, () => openSession(engine, {})));
  for (const session of sessions) session.close();
  expect(new Set(sessions.map((session) => session.id)).size).toBe(50);
});
