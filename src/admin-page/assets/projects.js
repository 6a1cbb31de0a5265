import { all } from './api.js';

const most = 5_000;

/** What the projects are called, by id. */
export async function projectNames() {
  const projects = await all('/projects', 'projects', most);
  return new Map(projects.map(({ id, name }) => [id, name]));
}

export function projectName(names, id) {
  return names.get(id) ?? `project ${id}`;
}

/** The ids of projects that were typed by name or id, separated by commas. @throws Error for what is no project */
export function projectIds(names, text) {
  const typed = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  return typed.map((part) => {
    const [id] = [...names].find(([, name]) => name === part) ?? [Number(part)];
    if (!names.has(id)) throw new Error(`There is no project “${part}”.`);
    return id;
  });
}
