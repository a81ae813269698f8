import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DockerObject, findOurs, listObjects } from './leaks/docker.ts';
import { endProcess, listProcesses, listStrangers } from './leaks/process.ts';
import { announceRun } from './leaks/run.ts';

/** Milliseconds that something on its way out has to be gone. */
const GRACE = 10_000;

/**
 * Fails the run when something that its tests started outlives them: a process, a container, a network or a volume.
 *
 * Processes are known by the run's own folder for temporary files. TMPDIR names it, so every child inherits its name in
 * the environment, and one that is given a bare environment still has it in an argument or as its working directory,
 * for Gantry's data and Redis' socket lie there. That holds for orphans too, and never for another run's.
 *
 * Docker's objects carry no such mark. Ours are those with a `gantry.` label that were not there at the start, nor was
 * anything else of their installation (a demo that goes on deploying while we test). When another run, or a Gantry that
 * was started meanwhile, overlapped ours they might be its own: then only those that name our folder are held against
 * us, and the others are told. A machine that runs one suite at a time, as CI's does, gets the strict check.
 */
export async function setup(): Promise<() => Promise<void>> {
  const before = await listObjects();
  if (before === null) process.stderr.write('Docker does not answer: it is not checked for leaks.\n');
  const outer = tmpdir();
  const folder = mkdtempSync(join(outer, 'gantry-test-'));
  process.env.TMPDIR = folder;
  const strangers = new Set(listStrangers(folder));
  const run = announceRun(join(outer, 'gantry-test-runs'));

  return async () => {
    const beside = run.end();
    const overlapped = beside || listStrangers(folder).some((pid) => !strangers.has(pid));
    const isCertain = (object: DockerObject) => !overlapped || object.details.includes(folder);
    const deadline = Date.now() + GRACE;
    for (;;) {
      const processes = listProcesses(folder);
      const objects = findOurs(before, await listObjects());
      const leaks = [...processes, ...objects.filter(isCertain)];
      if (leaks.length > 0 && Date.now() < deadline) {
        await sleep(250);
        continue;
      }
      const doubtful = objects.filter((object) => !isCertain(object));
      for (const { words } of doubtful) process.stderr.write(`Left over, by this run or one beside it: ${words}\n`);
      for (const { pid } of processes) endProcess(pid);
      rmSync(folder, { recursive: true, force: true });
      if (leaks.length === 0) return;
      throw new Error(`The tests left behind:\n${leaks.map(({ words }) => `  ${words}`).join('\n')}`);
    }
  };
}
