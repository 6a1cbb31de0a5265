/** Nova since Train. Needed: tags at creation (2.52), the port's tags untouched, rows of down cells (2.69). */
export const novaMicroversion = '2.79';

/** Cinder since Train. Needed: filter by metadata (3.31), with_count (3.45), filter by updated_at (3.60). */
export const cinderMicroversion = '3.60';
