import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateSecurityGroupRule1764000000009 implements MigrationInterface {
  name = 'CreateSecurityGroupRule1764000000009';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE security_group_rule (
  id BIGINT NOT NULL AUTO_INCREMENT,
  security_group_id BIGINT NOT NULL,
  openstack_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  protocol VARCHAR(10) NULL,
  ether_type VARCHAR(4) NOT NULL,
  direction VARCHAR(7) NOT NULL,
  port_range_min INT NULL,
  port_range_max INT NULL,
  remote_ip_prefix VARCHAR(49) NULL,
  remote_group_openstack_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  description VARCHAR(255) NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  UNIQUE KEY uq_security_group_rule_openstack_id (openstack_id),
  KEY ix_security_group_rule_group (security_group_id),
  CONSTRAINT fk_security_group_rule_group FOREIGN KEY (security_group_id) REFERENCES security_group (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE security_group_rule');
  }
}
