import type { paths } from './api-schema.js';
import type { Answer, Api } from './api.js';

type Method = 'get' | 'post' | 'put' | 'delete';
type Operation<P extends keyof paths, M extends Method> = NonNullable<paths[P][M]>;
type PathsWith<M extends Method> = {
  [P in keyof paths]: paths[P] extends Record<M, object> ? P : never;
}[keyof paths];

/** What a 2xx of an operation holds. */
type Success<Op> = Op extends { responses: infer Responses }
  ? {
      [Status in keyof Responses]: Status extends 200 | 201 | 202 ? Content<Responses[Status]> : never;
    }[keyof Responses]
  : never;
type Content<Response> = Response extends { content: { 'application/json': infer Body } } ? Body : never;
type Body<Op> = Op extends { requestBody: { content: { 'application/json': infer Given } } } ? Given : undefined;
type Parameters<Op> = Op extends { parameters: { path: infer Path } } ? Path : undefined;

/** The API through the types that are made from its description: a route, a field or a type that is not there does not compile. */
export class TypedApi {
  constructor(private readonly api: Api) {}

  get<P extends PathsWith<'get'>>(
    path: P,
    parameters: Parameters<Operation<P, 'get'>>,
  ): Promise<Answer<Success<Operation<P, 'get'>>>> {
    return this.api.get(filled(path, parameters));
  }

  post<P extends PathsWith<'post'>>(
    path: P,
    parameters: Parameters<Operation<P, 'post'>>,
    body: Body<Operation<P, 'post'>>,
  ): Promise<Answer<Success<Operation<P, 'post'>>>> {
    return this.api.post(filled(path, parameters), body);
  }

  put<P extends PathsWith<'put'>>(
    path: P,
    parameters: Parameters<Operation<P, 'put'>>,
    body: Body<Operation<P, 'put'>>,
  ): Promise<Answer<Success<Operation<P, 'put'>>>> {
    return this.api.put(filled(path, parameters), body);
  }

  delete<P extends PathsWith<'delete'>>(
    path: P,
    parameters: Parameters<Operation<P, 'delete'>>,
  ): Promise<Answer<Success<Operation<P, 'delete'>>>> {
    return this.api.delete(filled(path, parameters));
  }
}

function filled(path: string, parameters: unknown): string {
  if (typeof parameters !== 'object' || parameters === null) return path;
  return Object.entries(parameters).reduce((url, [name, value]) => url.replace(`{${name}}`, String(value)), path);
}
