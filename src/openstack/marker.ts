/** What a marker says: which installation made the object, and for which of its rows (the row's uuid). */
export interface Marker {
  readonly deployment: string;
  readonly uuid: string;
}

const pattern = /^cloud-api:([A-Za-z0-9]{8}):([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/;

/** 55 characters, which fits a Nova tag (60) and everything else that carries it. */
export function markerOf(deployment: string, uuid: string): string {
  return `cloud-api:${deployment}:${uuid}`;
}

/** Null for what is not a whole marker: nothing else of ours starts or ends with one. */
export function parseMarker(text: string): Marker | null {
  const match = pattern.exec(text);
  const deployment = match?.[1];
  const uuid = match?.[2];
  return deployment === undefined || uuid === undefined ? null : { deployment, uuid };
}
