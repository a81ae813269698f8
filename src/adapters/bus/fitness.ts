import { openCommands } from './connection.ts';

const OLDEST = [6, 2];

/** What of a Redis has to be right before anything is built on it. */
export type Fitness = { fit: true; version: string } | { fit: false; problem: string };

/** Asks once, within about two seconds. `problem` says what is wrong and what to do. */
export async function checkRedis(url: string): Promise<Fitness> {
  const commands = openCommands(url);
  try {
    await new Promise<void>((resolve, reject) => {
      commands.redis.once('ready', resolve);
      commands.redis.once('error', reject);
      commands.redis.once('close', () => reject(new Error('the connection was closed')));
    });
    return judge(await commands.read((redis) => redis.info('server', 'memory')));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { fit: false, problem: `Redis does not answer (${why}): start it, or put GANTRY_REDIS_URL right.` };
  } finally {
    commands.close();
  }
}

function judge(info: string): Fitness {
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  const version = field('redis_version');
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST;
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor))
    return { fit: false, problem: `Redis ${version} is too old: ${OLDEST.join('.')} or newer is needed.` };
  const policy = field('maxmemory_policy');
  if (policy !== 'noeviction')
    return {
      fit: false,
      problem: `Redis may evict keys (maxmemory-policy ${policy}), and with them offers and events: set maxmemory-policy to noeviction.`,
    };
  return { fit: true, version };
}
