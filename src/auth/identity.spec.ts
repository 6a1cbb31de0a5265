import { describe, expect, it } from '@jest/globals';
import { adminProjectIds, managedProjects, projectsToJoin, rolesOf } from './identity.js';

const project = (name: string, enabled = true) => ({
  openstackId: `id-${name}`,
  name,
  domainId: 'default',
  description: '',
  enabled,
});
const projects = ['admin', 'service', 'demo', 'other'].map((name) => project(name));
const account = { userId: 'robot', projectId: 'id-admin', domainId: 'default' };
const none = { managedProjects: [], adminProjects: [] };
const role = (userId: string, projectName: string | null, roleName: string, system = false) => ({
  userId,
  projectId: projectName === null ? null : `id-${projectName}`,
  roleName,
  system,
});
const namesOf = (found: readonly { readonly name: string }[]) => found.map(({ name }) => name);

describe('managed projects', () => {
  it('are all of the domain but admin and service', () => {
    expect(namesOf(managedProjects(projects, none))).toEqual(['demo', 'other']);
  });

  it('are those that are named, by name or by id', () => {
    expect(namesOf(managedProjects(projects, { ...none, managedProjects: ['demo', 'id-admin'] }))).toEqual([
      'admin',
      'demo',
    ]);
  });

  it('get the service account as a member where it is none and they are enabled', () => {
    const managed = [project('demo'), project('other'), project('off', false)];
    const assignments = [role('robot', 'demo', 'Member'), role('demo', 'other', 'member')];
    expect(namesOf(projectsToJoin(managed, assignments, account))).toEqual(['other']);
  });
});

describe('roles', () => {
  const managed = new Set(['id-demo', 'id-other']);
  const admins = adminProjectIds(projects, none, account);
  const read = (...assignments: ReturnType<typeof role>[]) => rolesOf(assignments, managed, admins, account);
  const placesOf = (roles: ReturnType<typeof read>) =>
    Object.fromEntries([...roles.places].map(([user, places]) => [user, Object.fromEntries(places)]));

  it('make members, readers and nothing else', () => {
    const roles = read(
      role('a', 'demo', 'member'),
      role('a', 'demo', 'reader'),
      role('b', 'demo', 'reader'),
      role('c', 'demo', 'admin'),
      role('d', 'demo', 'load-balancer_member'),
      role('e', 'service', 'member'),
      role('f', null, 'member'),
    );
    expect(placesOf(roles)).toEqual({
      a: { 'id-demo': 'member' },
      b: { 'id-demo': 'reader' },
      c: { 'id-demo': 'member' },
    });
    expect([...roles.admins]).toEqual([]);
  });

  it('make an admin on the project of the service account, on those that are named, and on the system', () => {
    expect([
      ...read(role('a', 'admin', 'admin'), role('b', null, 'admin', true), role('c', null, 'admin')).admins,
    ]).toEqual(['a', 'b']);
    const named = adminProjectIds(projects, { ...none, adminProjects: ['demo'] }, account);
    expect([
      ...rolesOf([role('a', 'admin', 'admin'), role('c', 'demo', 'admin')], managed, named, account).admins,
    ]).toEqual(['c']);
  });

  it('leave the service account out where it is a member by our doing', () => {
    const roles = read(
      role('robot', 'other', 'member'),
      role('robot', 'other', 'reader'),
      role('robot', 'demo', 'admin'),
      role('robot', 'demo', 'member'),
      role('robot', 'admin', 'admin'),
    );
    expect(placesOf(roles)).toEqual({ robot: { 'id-demo': 'member' } });
    expect([...roles.admins]).toEqual(['robot']);
  });
});
