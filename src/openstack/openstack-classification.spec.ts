import { describe, expect, it } from '@jest/globals';
import type { OpenStackService } from './openstack-call.js';
import { classify, readError } from './openstack-classification.js';
import { defaultRetryAfterMs } from './openstack-retry-after.js';

const now = new Date('2026-03-04T05:06:07Z');

function classified(service: OpenStackService, status: number, body: unknown, retryAfter: string | null = null) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return classify(service, 'POST /things', { status, body: text, retryAfter, requestId: 'req-1', date: null }, now);
}

const nova = (word: string, code: number, message: string) => ({ [word]: { code, message } });
const neutron = (type: string, message: string) => ({ NeutronError: { type, message, detail: '' } });

describe('classify', () => {
  it.each<[string, OpenStackService, number, unknown, string | null, string]>([
    [
      'Nova quota',
      'compute',
      403,
      nova('forbidden', 403, 'Quota exceeded for cores: Requested 1, but already used 4 of 4 cores'),
      null,
      'OpenStackQuotaExceeded',
    ],
    [
      'Nova key quota',
      'compute',
      403,
      nova('forbidden', 403, 'Quota exceeded, too many key pairs.'),
      null,
      'OpenStackQuotaExceeded',
    ],
    [
      'Nova port quota',
      'compute',
      403,
      nova('forbidden', 403, 'Maximum number of ports exceeded'),
      null,
      'OpenStackQuotaExceeded',
    ],
    [
      'Nova policy',
      'compute',
      403,
      nova('forbidden', 403, "Policy doesn't allow os_compute_api:servers:index:get_all_tenants to be performed."),
      null,
      'OpenStackRefused',
    ],
    [
      'Neutron quota',
      'network',
      409,
      neutron('OverQuota', "Quota exceeded for resources: ['port']."),
      null,
      'OpenStackQuotaExceeded',
    ],
    [
      'Neutron conflict',
      'network',
      409,
      neutron('PortInUse', 'Unable to complete operation on port'),
      null,
      'OpenStackConflict',
    ],
    [
      'Neutron policy',
      'network',
      403,
      neutron('PolicyNotAuthorized', 'disallowed by policy: quota exceeded'),
      null,
      'OpenStackRefused',
    ],
    [
      'Neutron revision',
      'network',
      412,
      neutron('RevisionNumberConstraintFailed', 'Constrained to 1, but current revision is 2'),
      null,
      'OpenStackConflict',
    ],
    [
      'Cinder quota',
      'volume',
      413,
      nova('overLimit', 413, 'VolumeLimitExceeded: Maximum number of volumes allowed (10) exceeded for quota'),
      '0',
      'OpenStackQuotaExceeded',
    ],
    ['Cinder quota, mute', 'volume', 413, '', '0', 'OpenStackQuotaExceeded'],
    [
      'quota text with a time',
      'volume',
      413,
      nova('overLimit', 413, 'exceeds allowed gigabytes quota'),
      '60',
      'OpenStackQuotaExceeded',
    ],
    [
      'rate limit by 413',
      'volume',
      413,
      nova('overLimit', 413, 'This request was rate-limited.'),
      '7',
      'OpenStackUnavailable',
    ],
    [
      'a proxy that takes no such body',
      'volume',
      413,
      '<html><h1>413 Request Entity Too Large</h1></html>',
      null,
      'OpenStackRefused',
    ],
    ['rate limit by 429', 'compute', 429, '', null, 'OpenStackUnavailable'],
    ['bad request', 'compute', 400, nova('badRequest', 400, 'Flavor x could not be found.'), null, 'OpenStackRefused'],
    [
      'expired token',
      'compute',
      401,
      nova('unauthorized', 401, 'The request you have made requires authentication.'),
      null,
      'OpenStackUnauthorized',
    ],
    [
      'not found',
      'identity',
      404,
      { error: { code: 404, message: 'Could not find user', title: 'Not Found' } },
      null,
      'OpenStackNotFound',
    ],
    ['gone', 'image', 410, '', null, 'OpenStackNotFound'],
    [
      'unknown microversion',
      'compute',
      406,
      nova('computeFault', 406, 'Version 9.9 is not supported'),
      null,
      'OpenStackRefused',
    ],
    ['method', 'image', 405, '', null, 'OpenStackRefused'],
    ['fault', 'compute', 500, nova('computeFault', 500, 'Unexpected API Error.'), null, 'OpenStackUnknownOutcome'],
    ['gateway', 'network', 502, '<html>', null, 'OpenStackUnknownOutcome'],
    ['no service', 'volume', 503, '', '7', 'OpenStackUnknownOutcome'],
    ['gateway timeout', 'identity', 504, '', null, 'OpenStackUnknownOutcome'],
    ['beyond HTTP', 'identity', 600, '', null, 'OpenStackUnknownOutcome'],
  ])('%s', (_, service, status, body, retryAfter, expected) => {
    expect(classified(service, status, body, retryAfter)).toMatchObject({
      name: expected,
      service,
      status,
      requestId: 'req-1',
    });
  });

  it('says how long to wait where the service says it', () => {
    expect(classified('compute', 429, '', '7').retryAfterMs).toBe(7_000);
    expect(classified('compute', 429, '').retryAfterMs).toBe(defaultRetryAfterMs);
    expect(classified('compute', 503, '', '7').retryAfterMs).toBe(7_000);
    expect(classified('compute', 503, '').retryAfterMs).toBeNull();
    expect(classified('volume', 413, '', '-3').retryAfterMs).toBe(defaultRetryAfterMs);
    expect(classified('volume', 413, 'quota', '0').retryAfterMs).toBeNull();
  });

  it("reads a date by the service's clock", () => {
    const date = new Date('2026-03-04T04:00:00Z');
    const answer = { status: 503, body: '', retryAfter: 'Wed, 04 Mar 2026 04:00:09 GMT', requestId: 'req-1', date };
    expect(classify('compute', 'GET /', answer, now).retryAfterMs).toBe(9_000);
  });
});

describe('readError', () => {
  it.each<[unknown, string, string | null]>([
    [nova('badRequest', 400, 'Invalid volume'), 'Invalid volume', 'badRequest'],
    [neutron('OverQuota', 'Quota exceeded'), 'Quota exceeded', 'OverQuota'],
    [{ NeutronError: 'plain' }, 'plain', null],
    [{ error: { code: 401, message: 'no', title: 'Unauthorized' } }, 'no', 'Unauthorized'],
    [{ message: 'flat' }, 'flat', null],
    [{ description: 'flat' }, 'flat', null],
    [{ forbidden: { code: 403 } }, '{"code":403}', 'forbidden'],
    [{}, '{}', null],
    ['null', 'null', null],
    ['[1]', '[1]', null],
    ['"text"', '"text"', null],
    ['', '', null],
    [
      '<html><head><title>502 Bad Gateway</title><style>a{b:c}</style></head>\n<body>nginx</body></html>',
      '502 Bad Gateway nginx',
      null,
    ],
    ['line\r\nbreak \u001b[31mred\u0000', 'line break [31mred', null],
  ])('%j', (body, text, type) => {
    expect(readError(typeof body === 'string' ? body : JSON.stringify(body))).toEqual({ text, type });
  });

  it('keeps at most 500 characters', () => {
    expect(readError(JSON.stringify(nova('x', 400, 'y'.repeat(100_000)))).text).toHaveLength(500);
    expect(readError('<'.repeat(100_000)).text).toHaveLength(500);
  });
});
