import { Module } from '@nestjs/common';
import { OrphanSources } from './orphan-source.js';
import { OrphanSweeper } from './orphan-sweeper.service.js';
import { OrphanRepository } from './orphan.repository.js';

@Module({ providers: [OrphanSources, OrphanSweeper, OrphanRepository], exports: [OrphanSources] })
export class ReconciliationModule {}
