export interface Times {
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly deletedAt: Date | null;
}

export interface DomainDetails extends Times {
  readonly id: number;
  readonly openstackId: string;
  readonly name: string;
}

/** What a project is shown with. */
export interface ProjectDetails extends Times {
  readonly id: number;
  readonly openstackId: string;
  readonly name: string;
  readonly domain: DomainDetails;
  /** Who is in it, the first joined first. */
  readonly accounts: readonly (Times & {
    readonly id: number;
    readonly openstackId: string;
    readonly accountId: string;
    readonly name: string;
    readonly domain: DomainDetails;
  })[];
}
