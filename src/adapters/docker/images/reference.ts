import { DockerError } from '../docker.ts';

/** `repository:tag`, `repository@digest`, or an image ID, in its parts; `tag` is `latest` where none is given. */
export interface Reference {
  repository: string;
  tag: string | null;
  digest: string | null;
}

/** Refuses what is no reference: it ends up in paths of the Engine's API. */
export function parseReference(text: string): Reference {
  const match = REFERENCE.exec(text);
  const repository = match?.groups?.repository;
  if (repository === undefined || text.includes('..'))
    throw new DockerError('refused', `${JSON.stringify(text)} is not the name of an image`);
  const digest = match?.groups?.digest ?? null;
  return { repository, tag: match?.groups?.tag ?? (digest === null ? 'latest' : null), digest };
}

/** A registry's name has a dot or a port, or is localhost; all else is lower case. */
const REFERENCE =
  /^(?<repository>(?:(?:localhost|[\w-]+(?=[.:][^/]*\/)(?:\.[\w-]+)*)(?::\d+)?\/)?[a-z\d][a-z\d._-]*(?:\/[a-z\d][a-z\d._-]*)*)(?::(?<tag>\w[\w.-]{0,127}))?(?:@(?<digest>\w+:[\da-f]+))?$/;
