import { Column, PrimaryGeneratedColumn, type ColumnOptions } from 'typeorm';

/** MySQL's BIGINT as a JS number; ids past 2^53 are refused, never rounded. */
const bigint = {
  from(value: string | number | null): number | null {
    if (value === null) return null;
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw new RangeError(`BIGINT ${String(value)} is beyond 2^53`);
    return number;
  },
  to: (value: number | null | undefined): number | null | undefined => value,
};

export const IdColumn = (): PropertyDecorator => (target, key) => {
  PrimaryGeneratedColumn({ name: 'id', type: 'bigint' })(target, key);
  // The generated column has no option for a transformer; TypeORM reads it from the same metadata.
  Column({ name: 'id', type: 'bigint', primary: true, generated: 'increment', transformer: bigint })(target, key);
};

export const BigintColumn = (name: string, options: ColumnOptions = {}): PropertyDecorator =>
  Column({ ...options, name, type: 'bigint', transformer: bigint });

export const TimeColumn = (name: string, options: ColumnOptions = {}): PropertyDecorator =>
  Column({ ...options, name, type: 'datetime', precision: 3 });

/** Set by MySQL alone. */
export const CreatedAtColumn = (): PropertyDecorator =>
  TimeColumn('created_at', { default: () => 'CURRENT_TIMESTAMP(3)', insert: false, update: false });

export const UpdatedAtColumn = (): PropertyDecorator =>
  TimeColumn('updated_at', {
    default: () => 'CURRENT_TIMESTAMP(3)',
    onUpdate: 'CURRENT_TIMESTAMP(3)',
    insert: false,
    update: false,
  });

/** An id that OpenStack gave: ASCII, compared byte by byte. */
export const OpenStackIdColumn = (name: string, options: ColumnOptions = {}): PropertyDecorator =>
  Column({ length: 64, ...options, name, type: 'varchar', charset: 'ascii', collation: 'ascii_bin' });

export const UuidColumn = (): PropertyDecorator =>
  Column({ name: 'uuid', type: 'char', length: 36, charset: 'ascii', collation: 'ascii_bin', unique: true });

export const FlagColumn = (name: string, defaultValue: boolean): PropertyDecorator =>
  Column({ name, type: 'tinyint', default: defaultValue ? 1 : 0, transformer: flag });

const flag = {
  from: (value: number): boolean => value === 1,
  to: (value: boolean | undefined): number | undefined => (value === undefined ? undefined : value ? 1 : 0),
};
