/** Which methods each path of the API takes; for 405 and Allow. Filled while routes are registered. */
export class RouteTable {
  private readonly routes: { readonly segments: readonly string[]; readonly methods: Set<string> }[] = [];

  /** `url` as the router has it, e.g. `/servers/:id`. */
  add(methods: string | readonly string[], url: string): void {
    const segments = url.split('/');
    const key = segments.join('/');
    let route = this.routes.find((candidate) => candidate.segments.join('/') === key);
    if (route === undefined) {
      route = { segments, methods: new Set() };
      this.routes.push(route);
    }
    for (const method of typeof methods === 'string' ? [methods] : methods) route.methods.add(method);
  }

  /** Sorted; empty when no route has this path. */
  methodsOf(path: string): readonly string[] {
    const segments = path.split('/');
    const methods = this.routes
      .filter((route) => matches(route.segments, segments))
      .flatMap((route) => [...route.methods]);
    return [...new Set(methods)].sort();
  }
}

function matches(route: readonly string[], path: readonly string[]): boolean {
  return (
    route.length === path.length &&
    route.every((segment, index) => (segment.startsWith(':') ? path[index] !== '' : segment === path[index]))
  );
}
