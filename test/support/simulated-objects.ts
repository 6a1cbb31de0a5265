import type { Simulator } from '../../simulator/simulator-handles.js';

/** One object of a simulated OpenStack, whatever its kind. */
export interface SimulatedObject {
  readonly type: 'server' | 'port' | 'volume' | 'floating_ip' | 'security_group';
  readonly id: string;
  readonly project_id: string;
  readonly name: string;
  readonly status: string;
  readonly marker: string | null;
  /** GiB; null for what has none. */
  readonly size: number | null;
}

/** Everything that the simulator holds, whoever's it is; the groups that Neutron makes by itself are left out. */
export function objectsOf(simulator: Simulator): readonly SimulatedObject[] {
  const { servers, ports, volumes, floating_ips: floatingIps, security_groups: groups } = simulator.inventory();
  return [
    ...servers.map((object) => ({ ...common(object), type: 'server' as const, status: object.status, size: null })),
    ...ports.map((object) => ({ ...common(object), type: 'port' as const, status: object.status, size: null })),
    ...volumes.map((object) => ({
      ...common(object),
      type: 'volume' as const,
      status: object.status,
      size: object.size,
    })),
    ...floatingIps.map((object) => ({
      ...common(object),
      type: 'floating_ip' as const,
      status: object.status,
      size: null,
    })),
    ...groups.map((object) => ({ ...common(object), type: 'security_group' as const, status: '', size: null })),
  ];
}

/** What carries a marker; of one type only, if one is given. */
export function markedObjects(simulator: Simulator, type?: SimulatedObject['type']): readonly SimulatedObject[] {
  return objectsOf(simulator).filter(
    (object) => object.marker !== null && (type === undefined || object.type === type),
  );
}

function common({
  id,
  project_id,
  name,
  marker,
}: Pick<SimulatedObject, 'id' | 'project_id' | 'marker'> & { readonly name: string | null }): Pick<
  SimulatedObject,
  'id' | 'project_id' | 'name' | 'marker'
> {
  return { id, project_id, name: name ?? '', marker };
}
