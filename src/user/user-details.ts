export interface Times {
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly deletedAt: Date | null;
}

interface DomainDetails extends Times {
  readonly id: number;
  readonly openstackId: string;
  readonly name: string;
}

/** What a user is shown with. */
export interface UserDetails extends Times {
  readonly id: number;
  readonly openstackId: string | null;
  readonly accountId: string;
  readonly name: string;
  readonly domain: DomainDetails;
  readonly projects: readonly (Times & {
    readonly id: number;
    readonly openstackId: string;
    readonly name: string;
    readonly domainId: number;
  })[];
}

/** What anyone may know of a user whose account id they know. */
export interface UserGlimpse {
  readonly id: number;
  readonly accountId: string;
  readonly name: string;
  /** For the order of the list; not to be shown. */
  readonly createdAt: Date;
  readonly domain: null;
}

/** Who looks: users are shown to who shares a project with them, with the projects that are shared; an admin sees all. */
export interface Viewer {
  readonly userId: number;
  readonly isAdmin: boolean;
}
