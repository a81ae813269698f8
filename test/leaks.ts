import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DockerObject, findLeaks, listObjects } from './leaks/docker.ts';
import { endProcess, listOtherProcesses, listProcesses } from './leaks/process.ts';
import { announceRun } from './leaks/run.ts';

/** Milliseconds for processes and containers to end after the tests. */
const GRACE = 10_000;

/**
 * Fails the test run if a process, container, network or volume that its tests created still exists afterwards.
 *
 * Processes: the run has its own folder for temporary files. A child process has the folder's name in its environment
 * (TMPDIR); one that gets another environment has it in an argument or as its working directory, because Gantry's data
 * and the sockets of Redis are in that folder. So orphans are found too, and processes of other runs are not.
 *
 * Docker objects have no such mark. They count as leaks if they have a `gantry.` label and neither they nor others of
 * their installation (such as a demo's) existed at the start. If another run or another Gantry ran at the same time, an
 * object may belong to it: then only objects that mention the folder fail the run, and the others are printed. On a
 * machine with one run at a time, such as in CI, the check is strict.
 */
export async function setup(): Promise<() => Promise<void>> {
  const before = await listObjects();
  if (before === null) process.stderr.write('Docker does not respond: it is not checked for leaks.\n');
  const outer = tmpdir();
  const folder = mkdtempSync(join(outer, 'gantry-test-'));
  process.env.TMPDIR = folder;
  const others = new Set(listOtherProcesses(folder));
  const run = announceRun(join(outer, 'gantry-test-runs'));

  return async () => {
    const parallel = run.end();
    const overlapped = parallel || listOtherProcesses(folder).some((pid) => !others.has(pid));
    const isCertain = (object: DockerObject) => !overlapped || object.details.includes(folder);
    const deadline = Date.now() + GRACE;
    for (;;) {
      const processes = listProcesses(folder);
      const objects = findLeaks(before, await listObjects());
      const leaks = [...processes, ...objects.filter(isCertain)];
      if (leaks.length > 0 && Date.now() < deadline) {
        await sleep(250);
        continue;
      }
      const uncertain = objects.filter((object) => !isCertain(object));
      for (const { description } of uncertain)
        process.stderr.write(`Left over by this test run or by another one: ${description}\n`);
      for (const { pid } of processes) endProcess(pid);
      rmSync(folder, { recursive: true, force: true });
      if (leaks.length === 0) return;
      throw new Error(`The tests left over:\n${leaks.map(({ description }) => `  ${description}`).join('\n')}`);
    }
  };
}
