import { Ids } from '../common/fields.js';

export class SetSecurityGroupsRequest {
  @Ids({
    maxItems: 50,
    description: "The project's groups that the interface is in from now on; empty: none.",
    example: [5],
  })
  security_group_ids!: number[];
}
