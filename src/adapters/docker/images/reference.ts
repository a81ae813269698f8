import { DockerError } from '../docker.ts';

/** The parts of `repository:tag`, `repository@digest` or an image ID. `tag` is `latest` when neither is given. */
export interface Reference {
  repository: string;
  tag: string | null;
  digest: string | null;
}

/** Throws for an invalid reference, because references become part of API paths. */
export function parseReference(text: string): Reference {
  const match = REFERENCE.exec(text);
  const repository = match?.groups?.repository;
  if (repository === undefined || text.includes('..'))
    throw new DockerError('refused', `${JSON.stringify(text)} is not a valid image reference`);
  const digest = match?.groups?.digest ?? null;
  return { repository, tag: match?.groups?.tag ?? (digest === null ? 'latest' : null), digest };
}

/** A registry has a dot or a port in its name, or is localhost; everything else is lower case. */
const REFERENCE =
  /^(?<repository>(?:(?:localhost|[\w-]+(?=[.:][^/]*\/)(?:\.[\w-]+)*)(?::\d+)?\/)?[a-z\d][a-z\d._-]*(?:\/[a-z\d][a-z\d._-]*)*)(?::(?<tag>\w[\w.-]{0,127}))?(?:@(?<digest>\w+:[\da-f]+))?$/;
