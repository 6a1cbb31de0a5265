import { Body, Controller, Get, HttpCode, Post, Query, StreamableFile } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, ApiOperation, getSchemaPath } from '@nestjs/swagger';
import { Readable } from 'node:stream';
import { AcceptedAt } from '../common/accepted-at.js';
import { Access } from '../common/access.js';
import type { Actor } from '../common/actor.js';
import { ApiProblems } from '../common/api-problems.js';
import { AcceptHeader } from '../common/accept-header.decorator.js';
import { IdParam } from '../common/id-param.decorator.js';
import { pageOf, pageRequest } from '../common/pagination.js';
import { CurrentActor } from '../common/principal.decorator.js';
import {
  ApplyReconciliationRequest,
  CreateReconciliationRequest,
  FindingListQuery,
  FindingListResponse,
  FindingResponse,
  ReconciliationListQuery,
  ReconciliationListResponse,
  ReconciliationReportResponse,
  ReconciliationResponse,
  reportCells,
  reportColumns,
  ReportQuery,
} from './reconciliation.dto.js';
import { csvLine, jsonReport, preferredFormat } from './reconciliation-report.js';
import { ReconciliationService, type AnswerOf, type ReconciliationReport } from './reconciliation.service.js';

const location = '/admin/reconciliations';
const accepted: AnswerOf = (details) => ({ status: 202, body: ReconciliationResponse.from(details) });
const done: AnswerOf = (details) => ({ status: 200, body: ReconciliationResponse.from(details) });

@Controller('admin/reconciliations')
@Access('admin')
export class ReconciliationController {
  constructor(private readonly reconciliations: ReconciliationService) {}

  @Post()
  @AcceptedAt(location, ReconciliationResponse)
  @ApiOperation({
    summary: 'Compare the record with OpenStack',
    description:
      'A `dry_run` ends PLANNED: it changes nothing, its findings say what would be done, and POST …/apply carries them out. `apply` does so at once as far as the policies allow. One at a time over the same scope.',
  })
  @ApiProblems('PROJECT_NOT_FOUND', 'RECONCILIATION_RUNNING')
  async create(
    @CurrentActor() actor: Actor,
    @Body() body: CreateReconciliationRequest,
  ): Promise<ReconciliationResponse> {
    const command = {
      projectIds: body.scope?.project_ids ?? null,
      resourceTypes: body.resource_types ?? null,
      mode: body.mode,
      maxChanges: body.max_changes ?? null,
    };
    return ReconciliationResponse.from(await this.reconciliations.create(actor, command, accepted));
  }

  @Get()
  @ApiOperation({
    summary: 'List reconciliations, newest first',
    description: 'What administrators began, and the complete sweeps that the service makes by itself.',
  })
  async list(@Query() query: ReconciliationListQuery): Promise<ReconciliationListResponse> {
    const page = pageRequest(query, { sortBy: 'id', order: 'desc' });
    const rows = await this.reconciliations.list({
      state: query.state ?? null,
      mode: query.mode ?? null,
      origin: query.origin ?? null,
      after: page.after?.id ?? null,
      order: page.order,
      limit: page.limit,
    });
    const { rows: shown, nextCursor } = pageOf(rows, page, ({ id }) => ({ value: '', id }));
    return { reconciliations: shown.map((run) => ReconciliationResponse.from(run)), next_cursor: nextCursor };
  }

  @Get(':id')
  @ApiOperation({ summary: 'Get one reconciliation', description: 'Its state, its plan and how much was found.' })
  @ApiProblems('RECONCILIATION_NOT_FOUND')
  async get(@IdParam() id: number): Promise<ReconciliationResponse> {
    return ReconciliationResponse.from(await this.reconciliations.get(id));
  }

  @Get(':id/findings')
  @ApiOperation({
    summary: 'List what a reconciliation found',
    description:
      'In the order in which they are applied. Each with what the record and OpenStack say, what would be done about it, and the answers of OpenStack that it rests on.',
  })
  @ApiProblems('RECONCILIATION_NOT_FOUND')
  async listFindings(@IdParam() id: number, @Query() query: FindingListQuery): Promise<FindingListResponse> {
    const page = pageRequest(query, { sortBy: 'id', order: 'asc' });
    const rows = await this.reconciliations.listFindings(id, {
      type: query.type ?? null,
      state: query.state ?? null,
      resourceType: query.resource_type ?? null,
      projectId: query.project_id ?? null,
      allowed: query.allowed ?? null,
      after: page.after?.id ?? null,
      order: page.order,
      limit: page.limit,
    });
    const { rows: shown, nextCursor } = pageOf(rows, page, (finding) => ({ value: '', id: finding.id }));
    return { findings: shown.map((finding) => FindingResponse.from(finding)), next_cursor: nextCursor };
  }

  @Get(':id/report')
  @ApiExtraModels(ReconciliationReportResponse)
  @ApiOkResponse({
    description: 'The reconciliation with all that it found.',
    content: {
      'application/json': { schema: { $ref: getSchemaPath(ReconciliationReportResponse) } },
      'text/csv': { schema: { type: 'string', example: 'id,type,resource_type\r\n31,STATUS_DRIFT,server\r\n' } },
    },
  })
  @ApiOperation({
    summary: 'Get all that a reconciliation found, as one document',
    description:
      'JSON, or CSV for `Accept: text/csv` or `format=csv`: a line for each finding, with nothing in it that a spreadsheet takes for a formula.',
  })
  @ApiProblems('RECONCILIATION_NOT_FOUND')
  async report(
    @IdParam() id: number,
    @Query() { format }: ReportQuery,
    @AcceptHeader() accept: string | undefined,
  ): Promise<StreamableFile> {
    const report = await this.reconciliations.report(id);
    const isCsv = (format ?? preferredFormat(accept)) === 'csv';
    return new StreamableFile(Readable.from(isCsv ? csvOf(report) : jsonOf(report), { objectMode: false }), {
      type: isCsv ? 'text/csv; charset=utf-8' : 'application/json; charset=utf-8',
      ...(isCsv ? { disposition: `attachment; filename="reconciliation-${String(id)}.csv"` } : {}),
    });
  }

  @Post(':id/apply')
  @AcceptedAt(location, ReconciliationResponse)
  @ApiOperation({
    summary: 'Carry out a plan',
    description:
      'Just what its findings say: one whose row or object has moved since is SKIPPED with the reason, and so is one that was not chosen or may not be applied; a new plan finds it again. Only the newest plan of its scope, and only as it was read: `plan_hash` tells.',
  })
  @ApiProblems('RECONCILIATION_NOT_FOUND', 'RECONCILIATION_NOT_PLANNED', 'RECONCILIATION_RUNNING', 'PLAN_OUTDATED')
  async apply(
    @CurrentActor() actor: Actor,
    @IdParam() id: number,
    @Body() body: ApplyReconciliationRequest,
  ): Promise<ReconciliationResponse> {
    const command = {
      planHash: body.plan_hash,
      findingIds: body.finding_ids ?? null,
      confirmsMassChange: body.confirm_mass_change ?? false,
    };
    return ReconciliationResponse.from(await this.reconciliations.apply(actor, id, command, accepted));
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @ApiOkResponse({ type: ReconciliationResponse, description: 'Cancelled.' })
  @ApiOperation({
    summary: 'Cancel a reconciliation',
    description: 'What has been applied stays; nothing more is. A plan that is cancelled cannot be applied any more.',
  })
  @ApiProblems('RECONCILIATION_NOT_FOUND', 'RECONCILIATION_ENDED')
  async cancel(@CurrentActor() actor: Actor, @IdParam() id: number): Promise<ReconciliationResponse> {
    return ReconciliationResponse.from(await this.reconciliations.cancel(actor, id, done));
  }
}

function jsonOf({ details, findings }: ReconciliationReport): AsyncGenerator<string> {
  return jsonReport({ reconciliation: ReconciliationResponse.from(details) }, 'findings', shown(findings));
}

async function* csvOf({ findings }: ReconciliationReport): AsyncGenerator<string> {
  yield csvLine(reportColumns);
  for await (const finding of shown(findings)) yield csvLine(reportCells(finding));
}

async function* shown(findings: ReconciliationReport['findings']): AsyncGenerator<FindingResponse> {
  for await (const finding of findings) yield FindingResponse.from(finding);
}
