/** The kinds of operations on groups, as rows name them. */
export const securityGroupCreation = 'security-group.create';
export const securityGroupUpdate = 'security-group.update';
export const securityGroupDeletion = 'security-group.delete';
