export const region = 'RegionOne';
/** The only availability zone, of Nova and of Cinder. */
export const zone = 'nova';
export const computeHosts = ['sim-cmp-1', 'sim-cmp-2'] as const;
