import Dockerode from 'dockerode';

const engine = new Dockerode();

/** A line of a script: goes on once the test says so. */
export const WAIT_FOR_UNBLOCK = 'until [ -e /tmp/open ]; do sleep 0.1; done';

/** Says so to every container of an installation that is there now. */
export async function unblockAll(installation: string): Promise<void> {
  const filters = { label: [`gantry.installation=${installation}`] };
  for (const { Id } of await engine.listContainers({ filters })) {
    // One may end while it is told.
    await touch(Id).catch(() => undefined);
  }
}

async function touch(container: string): Promise<void> {
  const exec = await engine.getContainer(container).exec({ Cmd: ['touch', '/tmp/open'] });
  await exec.start({ Detach: true });
}
