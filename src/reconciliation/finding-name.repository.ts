import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ResourceNameRepository, type NamedResource } from '../operation/resource-name.repository.js';
import type { Finding } from './finding.js';
import type { Facts } from './finding-kind.js';

/** A finding with what people call its resource and its project; null where that is not known. */
export interface NamedFinding extends Finding {
  /** The row's; the object's where there is no row. */
  readonly resourceName: string | null;
  readonly projectName: string | null;
}

/** What findings are about, in people's words: as it is called now, not as it was when they were found. */
@Injectable()
export class FindingNameRepository {
  constructor(private readonly resources: ResourceNameRepository) {}

  async named(manager: EntityManager, findings: readonly Finding[]): Promise<readonly NamedFinding[]> {
    const rowOf = ({ resourceType: type, resourceId: id }: Finding): NamedResource[] =>
      id === null ? [] : [{ type, id }];
    const projectOf = ({ projectId: id }: Finding): NamedResource[] => (id === null ? [] : [{ type: 'project', id }]);
    const names = await this.resources.find(
      manager,
      findings.flatMap((finding) => [...rowOf(finding), ...projectOf(finding)]),
    );
    const nameOf = ([resource]: readonly NamedResource[]): string | null =>
      resource === undefined ? null : names.of(resource);
    return findings.map((finding) => ({
      ...finding,
      resourceName: nameOf(rowOf(finding)) ?? nameOfObject(finding.after),
      projectName: nameOf(projectOf(finding)),
    }));
  }
}

function nameOfObject(after: Facts | null): string | null {
  const name = after?.['name'] ?? after?.['account_id'];
  return typeof name === 'string' && name !== '' ? name : null;
}
