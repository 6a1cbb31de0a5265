import { accessOf, sees, type Access } from './access.js';
import type { Json } from './json.js';
import type { Image } from './model.js';
import type { TokenCall } from './token-call.js';
import { ok, Refusal, Router, seconds, type Answer, type Call } from './wire.js';
import type { Cloud } from './cloud.js';

const routes = new Router<TokenCall>().on('GET /v2/images', listImages).on('GET /v2/images/{id}', showImage);

const defaultLimit = 25;
const mostLimit = 1000;

export function glance(cloud: Cloud, call: Call): Answer {
  const { method, path, token, origin } = call;
  if (method === 'GET' && ['', '/', '/versions'].includes(path)) {
    return { status: path === '/versions' ? 200 : 300, body: { versions: versions(origin) } };
  }
  if (token === null) {
    const text =
      'This server could not verify that you are authorized to access the document you requested. Either you supplied the wrong credentials (e.g., bad password), or your browser does not understand how to supply the credentials required.';
    const headers = { 'WWW-Authenticate': `Keystone uri="${origin}/identity/v3"` };
    return { ...glanceError('401 Unauthorized', text), headers: { ...plain, ...headers } };
  }
  if (token.projectId === null) {
    return glanceError('403 Forbidden', 'You are not authorized to complete get_images action.');
  }
  const handle = routes.find(method, path);
  if (handle === null) return glanceError('404 Not Found', 'The resource could not be found.');
  return handle({ ...call, cloud, token });
}

const plain = { 'Content-Type': 'text/plain; charset=UTF-8' };

/** Glance's errors are plain text. */
function glanceError(title: string, text: string): Answer {
  return { status: Number(title.slice(0, 3)), body: `${title}\n\n${text}\n\n   `, headers: plain };
}

function versions(origin: string): readonly Json[] {
  const links = [{ rel: 'self', href: `${origin}/image/v2/` }];
  const version = (minor: number): Json => ({
    id: `v2.${String(minor)}`,
    status: minor === 17 ? 'CURRENT' : 'SUPPORTED',
    links,
  });
  return [17, 15, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map(version);
}

function listImages(call: TokenCall): Answer {
  const { cloud, query, token } = call;
  const access = accessOf(cloud, token);
  const filters = [...query].filter(([name]) => ['name', 'status', 'visibility', 'owner'].includes(name));
  const found = [...cloud.images.values()].filter((image) => isVisible(access, image) && passes(image, filters));
  const limit = limitOf(query.get('limit'));
  const marker = query.get('marker');
  const start = marker === null ? 0 : found.findIndex(({ id }) => id === marker) + 1;
  if (marker !== null && start === 0)
    throw new Refusal(glanceError('400 Bad Request', `No image found with ID ${marker}`));
  const page = found.slice(start, start + limit);
  const last = page.at(-1);
  return ok({
    images: page.map(imageView),
    first: linkTo(query, null),
    schema: '/v2/schemas/images',
    ...(last !== undefined && start + limit < found.length ? { next: linkTo(query, last.id) } : {}),
  });
}

function limitOf(text: string | null): number {
  if (text === null) return defaultLimit;
  if (!/^\d+$/.test(text)) throw new Refusal(glanceError('400 Bad Request', 'limit param must be positive'));
  return Math.min(mostLimit, Number(text));
}

function passes(image: Image, filters: readonly (readonly [string, string])[]): boolean {
  const { name, status, visibility, ownerId: owner } = image;
  const values: Readonly<Record<string, string>> = { name, status, visibility, owner };
  return filters.every(([filter, wanted]) => values[filter] === wanted);
}

function isVisible(access: Access, image: Image): boolean {
  return image.visibility === 'public' || sees(access, { projectId: image.ownerId });
}

function linkTo(query: URLSearchParams, marker: string | null): string {
  const next = new URLSearchParams(query);
  next.delete('marker');
  if (marker !== null) next.set('marker', marker);
  return next.size === 0 ? '/v2/images' : `/v2/images?${next.toString()}`;
}

function showImage(call: TokenCall, id: string): Answer {
  const { cloud, token } = call;
  const image = cloud.images.get(id);
  if (image === undefined || !isVisible(accessOf(cloud, token), image)) {
    throw new Refusal(glanceError('404 Not Found', `No image found with ID ${id}`));
  }
  return ok(imageView(image));
}

function imageView(image: Image): Json {
  const isThere = image.size !== null;
  return {
    name: image.name,
    disk_format: 'raw',
    container_format: 'bare',
    visibility: image.visibility,
    size: image.size,
    virtual_size: image.virtualSize,
    status: image.status,
    checksum: isThere ? 'b6d81b360a5672d80c27430f39153e2c' : null,
    protected: false,
    min_ram: image.minRam,
    min_disk: image.minDisk,
    owner: image.ownerId,
    os_hidden: false,
    os_hash_algo: isThere ? 'sha512' : null,
    os_hash_value: null,
    id: image.id,
    created_at: seconds(image.createdAt),
    updated_at: seconds(image.createdAt),
    tags: [],
    self: `/v2/images/${image.id}`,
    file: `/v2/images/${image.id}/file`,
    schema: '/v2/schemas/image',
    ...(isThere ? { stores: 'disk' } : {}),
  };
}
