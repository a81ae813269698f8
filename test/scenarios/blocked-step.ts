import Dockerode from 'dockerode';

const engine = new Dockerode();

/** A script line that waits until the test calls `unblockAll`. */
export const WAIT_FOR_UNBLOCK = 'until [ -e /tmp/unblock ]; do sleep 0.1; done';

/** Unblocks every running container of an installation. */
export async function unblockAll(installation: string): Promise<void> {
  const filters = { label: [`gantry.installation=${installation}`] };
  for (const { Id } of await engine.listContainers({ filters })) {
    // A container may end meanwhile.
    await touch(Id).catch(() => undefined);
  }
}

async function touch(container: string): Promise<void> {
  const exec = await engine.getContainer(container).exec({ Cmd: ['touch', '/tmp/unblock'] });
  await exec.start({ Detach: true });
}
