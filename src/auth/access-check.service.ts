import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { accessMetadata } from '../common/access.js';

/** Stops the start when a route does not say who may call it. */
@Injectable()
export class AccessCheckService implements OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {}

  onModuleInit(): void {
    const undeclared = this.discovery.getControllers().flatMap(({ metatype }) => this.undeclaredOf(metatype));
    if (undeclared.length === 0) return;
    throw new Error(`These routes declare no access level (@Public or @Access): ${undeclared.join(', ')}`);
  }

  private undeclaredOf(controller: unknown): string[] {
    if (typeof controller !== 'function') return [];
    const prototype: unknown = controller.prototype;
    if (typeof prototype !== 'object' || prototype === null) return [];
    return this.scanner.getAllMethodNames(prototype).flatMap((name) => {
      const method: unknown = Reflect.get(prototype, name);
      if (typeof method !== 'function' || this.reflector.get<unknown>(PATH_METADATA, method) === undefined) return [];
      const level = this.reflector.getAllAndOverride<unknown>(accessMetadata, [method, controller]);
      return level === undefined ? [`${controller.name}.${name}`] : [];
    });
  }
}
