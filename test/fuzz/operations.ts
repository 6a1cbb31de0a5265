/** A part of the description of the API, as far as requests are made by it. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly nullable?: boolean;
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly allOf?: readonly Schema[];
  readonly example?: unknown;
}

export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema?: Schema;
}

interface Described {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: Schema } | undefined>> };
}

export interface FuzzDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described | undefined>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** What can be asked for, by one method on one path. */
export interface Operation {
  /** `PUT /servers/{id}/info` */
  readonly name: string;
  readonly method: string;
  readonly template: string;
  readonly query: readonly Parameter[];
  readonly body: Schema | null;
}

export function operationsOf(document: FuzzDocument): readonly Operation[] {
  return Object.entries(document.paths).flatMap(([template, item]) =>
    ['get', 'post', 'put', 'delete'].flatMap((method) => {
      const described = item[method];
      if (described === undefined) return [];
      const parameters = described.parameters ?? [];
      return [
        {
          name: `${method.toUpperCase()} ${template}`,
          method: method.toUpperCase(),
          template,
          query: parameters.filter((parameter) => parameter.in === 'query'),
          body: described.requestBody?.content['application/json']?.schema ?? null,
        },
      ];
    }),
  );
}

/** Follows a reference; one level of `allOf` is laid together. */
export function resolved(document: FuzzDocument, schema: Schema): Schema {
  if (schema.$ref !== undefined) {
    const target = document.components.schemas[schema.$ref.split('/').at(-1) ?? ''];
    return target === undefined ? {} : resolved(document, target);
  }
  const [only] = schema.allOf ?? [];
  return only === undefined ? schema : { ...resolved(document, only), ...schema };
}
