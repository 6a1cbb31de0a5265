import { Module } from '@nestjs/common';
import { Adopters } from './adoption.js';
import { OrphanSources } from './orphan-source.js';
import { OrphanSweeper } from './orphan-sweeper.service.js';
import { OrphanRepository } from './orphan.repository.js';

@Module({ providers: [OrphanSources, OrphanSweeper, OrphanRepository, Adopters], exports: [OrphanSources, Adopters] })
export class ReconciliationModule {}
