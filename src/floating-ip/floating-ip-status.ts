export const floatingIpStatuses = ['ACTIVE', 'DOWN', 'ERROR'] as const;

export type FloatingIpStatus = (typeof floatingIpStatuses)[number];

/** Neutron's word as the contract has it; what is not among the contract's reads ERROR. */
export function floatingIpStatusFrom(openstackStatus: string): FloatingIpStatus {
  const word = openstackStatus.toUpperCase();
  return floatingIpStatuses.find((status) => status === word) ?? 'ERROR';
}
