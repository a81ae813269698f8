import type { Selectable, Updateable } from 'kysely';
import type { AttemptTables } from './attempt-tables.ts';
import type { DeploymentTables } from './deployment-tables.ts';
import type { RepoTables } from './repo-tables.ts';
import type { RunTables } from './run-tables.ts';

/**
 * All tables. Ids sort bytewise in the order in which they were created. Times are integer milliseconds since 1970, booleans are 0 or 1, JSON is text
 * and never queried, and only the vault opens columns that end in `_sealed`. `Generated` columns have a default.
 */
export interface Schema extends RepoTables, RunTables, AttemptTables, DeploymentTables {}

/** A row as a query returns it. */
export type Row<Table extends keyof Schema> = Selectable<Schema[Table]>;
/** The columns of a row to change. */
export type Patch<Table extends keyof Schema> = Updateable<Schema[Table]>;
