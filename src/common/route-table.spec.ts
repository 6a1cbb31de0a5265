import { expect, it } from '@jest/globals';
import { RouteTable } from './route-table.js';

it('knows the methods of a path, whichever way it is written in the routes', () => {
  const routes = new RouteTable();
  routes.add('GET', '/servers');
  routes.add(['POST'], '/servers');
  routes.add('GET', '/servers/:id');
  routes.add('DELETE', '/servers/:id');
  routes.add('PUT', '/servers/:server_id');
  expect(routes.methodsOf('/servers')).toEqual(['GET', 'POST']);
  expect(routes.methodsOf('/servers/7')).toEqual(['DELETE', 'GET', 'PUT']);
  expect(routes.methodsOf('/servers/')).toEqual([]);
  expect(routes.methodsOf('/servers/7/x')).toEqual([]);
  expect(routes.methodsOf('/nowhere')).toEqual([]);
});
