import type { Selectable, Updateable } from 'kysely';
import type { AttemptTables } from './attempt-tables.ts';
import type { DeploymentTables } from './deployment-tables.ts';
import type { RepoTables } from './repo-tables.ts';
import type { RunTables } from './run-tables.ts';

/**
 * All tables. Ids sort by byte in the order they were made. Times are integer milliseconds since 1970, booleans are 0 or 1, JSON is text
 * and never queried, and only the vault opens columns that end in `_sealed`. `Generated` columns have a default.
 */
export interface Schema extends RepoTables, RunTables, AttemptTables, DeploymentTables {}

/** A row as it is read. */
export type Row<Table extends keyof Schema> = Selectable<Schema[Table]>;
/** The columns to change of a row. */
export type Patch<Table extends keyof Schema> = Updateable<Schema[Table]>;
