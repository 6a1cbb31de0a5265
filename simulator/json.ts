export type Json = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object under the key; an empty one when there is none. */
export function objectOf(value: unknown, key: string): Json {
  const inner = isRecord(value) ? value[key] : undefined;
  return isRecord(inner) ? inner : {};
}

/** A value as an error message shows it. */
export function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export function textOf(value: Json, key: string): string | null {
  const inner = value[key];
  return typeof inner === 'string' ? inner : null;
}

export function listOf(value: Json, key: string): readonly unknown[] {
  const inner = value[key];
  return Array.isArray(inner) ? inner : [];
}

export function textsOf(value: Json, key: string): readonly string[] {
  return listOf(value, key).filter((item) => typeof item === 'string');
}

/** A number, or the text of one, as the services take them. */
export function numberOf(value: Json, key: string): number | null {
  const inner = value[key];
  if (typeof inner === 'number') return inner;
  return typeof inner === 'string' && /^-?\d+$/.test(inner) ? Number(inner) : null;
}

export function flagOf(value: Json, key: string): boolean | null {
  const inner = value[key];
  return typeof inner === 'boolean' ? inner : null;
}
