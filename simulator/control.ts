import type { IncomingMessage, ServerResponse } from 'node:http';
import { WrongOrder } from './bulk.js';
import { parseFault, WrongFault } from './faults.js';
import { flagOf, isRecord, listOf, numberOf, textOf, type Json } from './json.js';
import { NothingThere } from './outside.js';
import { outsideChanges } from './control-outside.js';
import type { Simulator } from './simulator-handles.js';
import { isQuotaName, type Quotas, type Settings } from './settings.js';
import { ok, Router, services, type Answer, type Service } from './wire.js';

interface ControlCall {
  readonly simulator: Simulator;
  readonly query: URLSearchParams;
  readonly body: Json;
}

class WrongRequest extends Error {}

const routes = new Router<ControlCall>()
  .on('GET /_simulator', ({ simulator }) => ok(stateOf(simulator)))
  .on('POST /_simulator/reset', ({ simulator }) => {
    simulator.reset();
    return ok(stateOf(simulator));
  })
  .on('GET /_simulator/clock', ({ simulator }) => ok(clockOf(simulator)))
  .on('POST /_simulator/clock', setClock)
  .on('GET /_simulator/settings', ({ simulator }) => ok({ ...simulator.settings }))
  .on('PUT /_simulator/settings', setSettings)
  .on('PUT /_simulator/quotas/{project}', setQuotas)
  .on('GET /_simulator/faults', ({ simulator }) => ok({ faults: simulator.faults.list() }))
  .on('POST /_simulator/faults', addFaults)
  .on('DELETE /_simulator/faults', ({ simulator }) => {
    simulator.faults.clear();
    return ok({});
  })
  .on('DELETE /_simulator/faults/{id}', ({ simulator }, id) => ok({ removed: simulator.faults.remove(id) }))
  .on('GET /_simulator/inventory', ({ simulator, query }) =>
    ok({ ...simulator.inventory({ isMarked: query.get('marked') === 'true' }) }),
  )
  .on('GET /_simulator/log', listLog)
  .on('DELETE /_simulator/log', ({ simulator }) => {
    simulator.log.clear();
    return ok({});
  })
  .on('POST /_simulator/outside', changeOutside)
  .on('POST /_simulator/bulk', ({ simulator, body }) => ok({ servers: simulator.bulk(body) }, 201))
  .on('POST /_simulator/tokens/revoke', ({ simulator }) => {
    simulator.outside.revokeAllTokens();
    return ok({});
  })
  .on('POST /_simulator/services/{service}/down', ({ simulator }, name) => switchService(simulator, name, 'down'))
  .on('POST /_simulator/services/{service}/up', ({ simulator }, name) => switchService(simulator, name, 'up'));

/** `/_simulator/…`: what a test or a person does to the simulator itself. No token, not logged, never spoiled by a fault. */
export class Control {
  constructor(private readonly simulator: () => Simulator) {}

  async handle(request: IncomingMessage, response: ServerResponse, url: URL, text: string | null): Promise<void> {
    const { simulator } = { simulator: this.simulator() };
    const answer = this.answer(simulator, request.method ?? 'GET', url, text ?? '');
    await simulator.settled();
    response.writeHead(answer.status, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(answer.body ?? {}));
  }

  private answer(simulator: Simulator, method: string, url: URL, text: string): Answer {
    const route = routes.find(method, url.pathname.replace(/\/$/, ''));
    if (route === null) return { status: 404, body: { error: 'no such thing; see GET /_simulator' } };
    try {
      const body: unknown = text === '' ? {} : JSON.parse(text);
      return route({ simulator, query: url.searchParams, body: isRecord(body) ? body : {} });
    } catch (error) {
      if (error instanceof NothingThere) return { status: 404, body: { error: error.message } };
      const isWrong =
        error instanceof WrongFault ||
        error instanceof WrongOrder ||
        error instanceof WrongRequest ||
        error instanceof SyntaxError;
      if (isWrong) return { status: 400, body: { error: error.message } };
      throw error;
    }
  }
}

function clockOf({ clock }: Simulator): Json {
  return { now: new Date(clock.now()).toISOString(), is_frozen: clock.isFrozen, planned: clock.planned };
}

function stateOf(simulator: Simulator): Json {
  const { url, authUrl, seed, settings, pendingCommits } = simulator;
  const down = simulator.downServices();
  return { url, auth_url: authUrl, clock: clockOf(simulator), pending_commits: pendingCommits, down, settings, seed };
}

/** {freeze: true|false, advance_ms, shift_ms} */
function setClock({ simulator, body }: ControlCall): Answer {
  const [freeze, advanceMs, shiftMs] = [
    flagOf(body, 'freeze'),
    numberOf(body, 'advance_ms'),
    numberOf(body, 'shift_ms'),
  ];
  if (freeze === true) simulator.clock.freeze();
  if (shiftMs !== null) simulator.clock.shift(shiftMs);
  if (advanceMs !== null) simulator.clock.advance(advanceMs);
  if (freeze === false) simulator.clock.resume();
  return ok(clockOf(simulator));
}

function setSettings({ simulator, body }: ControlCall): Answer {
  const settings = { ...simulator.settings };
  for (const [name, value] of Object.entries(body)) set(settings, name, value);
  simulator.configure(settings);
  return ok({ ...simulator.settings });
}

function set(settings: Settings, name: string, value: unknown): void {
  if (isFlagSetting(name) && typeof value === 'boolean') settings[name] = value;
  else if (isNumberSetting(settings, name) && typeof value === 'number') settings[name] = value;
  else
    throw new WrongRequest(
      `no such setting or not of its type: ${name}; known are ${Object.keys(settings).join(', ')}`,
    );
}

type FlagSetting = 'soft_delete' | 'neutron_filter_validation';

function isFlagSetting(name: string): name is FlagSetting {
  return name === 'soft_delete' || name === 'neutron_filter_validation';
}

function isNumberSetting(settings: Settings, name: string): name is Exclude<keyof Settings, FlagSetting> {
  return !isFlagSetting(name) && Object.hasOwn(settings, name);
}

function setQuotas({ simulator, body }: ControlCall, projectId: string): Answer {
  const quotas: Partial<Quotas> = {};
  for (const [name, value] of Object.entries(body)) {
    if (!isQuotaName(name) || typeof value !== 'number') throw new WrongRequest(`no such quota: ${name}`);
    quotas[name] = value;
  }
  simulator.setQuotas(projectId, quotas);
  return ok(simulator.quotasOf(projectId));
}

/** One rule, {rules: [...]}, or {seed: n} for the dice of `probability`. */
function addFaults({ simulator, body }: ControlCall): Answer {
  const { seed, ...rest } = body;
  if (typeof seed === 'number') simulator.faults.seed(seed);
  const isList = Array.isArray(rest['rules']);
  const given = isList ? listOf(rest, 'rules') : Object.keys(rest).length === 0 ? [] : [rest];
  const rules = given.map(parseFault);
  return ok({ ids: rules.map((rule) => simulator.faults.add(rule)) }, 201);
}

function listLog({ simulator, query }: ControlCall): Answer {
  const text = (name: string): Json => (query.has(name) ? { [name]: query.get(name) ?? '' } : {});
  const number = (name: string): Json => (query.has(name) ? { [name]: Number(query.get(name)) } : {});
  const filter = { ...text('method'), ...text('path'), ...text('service'), ...text('marker') };
  return ok({ requests: simulator.log.list({ ...filter, ...number('status'), ...number('after') }) });
}

/** {do: 'delete', id, …}: see `outsideChanges`. */
function changeOutside({ simulator, body }: ControlCall): Answer {
  const name = textOf(body, 'do') ?? '';
  const change = outsideChanges[name];
  if (change === undefined) throw new WrongRequest(`do: one of ${Object.keys(outsideChanges).join(', ')}`);
  const id = change(simulator.outside, body);
  return ok(typeof id === 'string' ? { id } : {});
}

function switchService(simulator: Simulator, name: string, way: 'down' | 'up'): Answer {
  const service = services.find((one): one is Service => one === name);
  if (service === undefined) throw new WrongRequest(`services are ${services.join(', ')}`);
  simulator.switchService(service, way);
  return ok({ down: simulator.downServices() });
}
