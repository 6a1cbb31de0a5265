// Made from the description of the API by `npm run openapi`; not to be edited.

export interface paths {
    "/admin/adoptions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take over an object that was not made here
         * @description With everything that belongs to it: of a server its interfaces, addresses, groups and volumes. OpenStack is only read. What has a row already keeps it, so that it may be asked again.
         *
         *     Needs a token and at least the role admin.
         */
        post: operations["adoptionAdopt"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/audit-events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List who asked for what, newest first
         * @description Every change that was accepted, in all projects, and every attempt at an administrator’s route by somebody who is none. Filters are combined.
         *
         *     Needs a token and at least the role admin.
         */
        get: operations["auditList"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/floating-ips/{id}/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Look at a floating IP in OpenStack now
         * @description Brings the record in line at once and says what differed; OpenStack is only read. One that is not there any more is marked as missing. Idempotency-Key is ignored.
         *
         *     Needs a token and at least the role admin.
         */
        post: operations["refreshRefreshFloatingIp"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/network-interfaces/{id}/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Look at a network interface in OpenStack now
         * @description Brings the record in line at once and says what differed; OpenStack is only read. One that is not there any more is marked as missing. Idempotency-Key is ignored.
         *
         *     Needs a token and at least the role admin.
         */
        post: operations["refreshRefreshNetworkInterface"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/operations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the operations of every project, newest first
         * @description With what tells why one does not end: its phase, its last failure, when it is tried again and who works on it. `stuck=true` leaves those that somebody should look at.
         *
         *     Needs a token and at least the role admin.
         */
        get: operations["operationAdminList"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/operations/{id}/abandon": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End an operation that does not end by itself
         * @description It ends as FAILED at once, and its resources may be changed again; they tell why. Whoever works on it writes nothing more. Nothing is undone in OpenStack: what is left there belongs to no row and is taken by the sweep for orphans.
         *
         *     Needs a token and at least the role admin.
         */
        post: operations["operationAdminAbandon"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/operations/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Try an operation again now
         * @description One that waits, be it for its next try or because it needs attention, becomes due at once; its failures, and the time for an undo, are counted from zero again. One that a replica works on just goes on. What has ended is not taken up again.
         *
         *     Needs a token and at least the role admin.
         */
        post: operations["operationAdminRetry"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/projects/{id}/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Look at a project in OpenStack now
         * @description Brings the record in line at once and says what differed; OpenStack is only read. One that is not there any more is marked as missing. Idempotency-Key is ignored.
         *
         *     Needs a token and at least the role admin.
         */
        post: operations["refreshRefreshProject"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/reconciliation-policies": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get the policies of reconciliation
         * @description What is done about findings without asking; the defaults until somebody sets them.
         *
         *     Needs a token and at least the role admin.
         */
        get: operations["reconciliationStatusGetPolicies"];
        /**
         * Set the policies of reconciliation
         * @description All of them at once. They hold for loops from their next page on, and for reconciliations that are planned from now on. What has been planned is deleted or adopted only if they still say so.
         *
         *     Needs a token and at least the role admin.
         */
        put: operations["reconciliationStatusSetPolicies"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/reconciliation-status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * See how reconciliation stands
         * @description The loops with their leases and how long ago they were last completed, how far changes have been read, what is stuck, and which services answer.
         *
         *     Needs a token and at least the role admin.
         */
        get: operations["reconciliationStatusGetStatus"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/reconciliation/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Stop the loops of reconciliation
         * @description On every replica, until POST /admin/reconciliation/resume: no comparison, no look at changes, no deletion of orphans, no import of people, projects and default groups begins any more. What has begun goes on to its end, but deletes no orphan any more; a sweep applies no more of what it found and ends as CANCELLED. Operations go on, and so does what administrators ask for.
         *
         *     Needs a token and at least the role admin.
         */
        post: operations["reconciliationStatusPause"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/reconciliation/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Let the loops of reconciliation run again
         * @description On every replica, from their next turn on. Nothing happens when they are not paused.
         *
         *     Needs a token and at least the role admin.
         */
        post: operations["reconciliationStatusResume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/reconciliations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List reconciliations, newest first
         * @description What administrators began, and the complete sweeps that the service makes by itself.
         *
         *     Needs a token and at least the role admin.
         */
        get: operations["reconciliationList"];
        put?: never;
        /**
         * Compare the record with OpenStack
         * @description A `dry_run` ends PLANNED: it changes nothing, its findings say what would be done, and POST …/apply carries them out. `apply` does so at once as far as the policies allow. One at a time over the same scope.
         *
         *     Needs a token and at least the role admin.
         */
        post: operations["reconciliationCreate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/reconciliations/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get one reconciliation
         * @description Its state, its plan and how much was found.
         *
         *     Needs a token and at least the role admin.
         */
        get: operations["reconciliationGet"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/reconciliations/{id}/apply": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Carry out a plan
         * @description Just what its findings say: one whose row or object has moved since is SKIPPED with the reason, and so is one that was not chosen or may not be applied; a new plan finds it again. Only the newest plan of its scope, and only as it was read: `plan_hash` tells.
         *
         *     Needs a token and at least the role admin.
         */
        post: operations["reconciliationApply"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/reconciliations/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel a reconciliation
         * @description What has been applied stays; nothing more is. A plan that is cancelled cannot be applied any more.
         *
         *     Needs a token and at least the role admin.
         */
        post: operations["reconciliationCancel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/reconciliations/{id}/findings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List what a reconciliation found
         * @description In the order in which they are applied. Each with what the record and OpenStack say, what would be done about it, and the answers of OpenStack that it rests on.
         *
         *     Needs a token and at least the role admin.
         */
        get: operations["reconciliationListFindings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/reconciliations/{id}/report": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get all that a reconciliation found, as one document
         * @description JSON, or CSV for `Accept: text/csv` or `format=csv`: a line for each finding, with nothing in it that a spreadsheet takes for a formula.
         *
         *     Needs a token and at least the role admin.
         */
        get: operations["reconciliationReport"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/security-groups/{id}/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Look at a security group in OpenStack now
         * @description Brings the record in line at once and says what differed; OpenStack is only read. One that is not there any more is marked as missing. Idempotency-Key is ignored.
         *
         *     Needs a token and at least the role admin.
         */
        post: operations["refreshRefreshSecurityGroup"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/servers/{id}/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Look at a server in OpenStack now
         * @description Brings the record in line at once and says what differed; OpenStack is only read. One that is not there any more is marked as missing. Idempotency-Key is ignored.
         *
         *     Needs a token and at least the role admin.
         */
        post: operations["refreshRefreshServer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/unmanaged-resources": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List what is in projects of ours and was not made here
         * @description As the newest complete reconciliation of each type saw it, without what has been adopted since. Nothing of it is ever deleted.
         *
         *     Needs a token and at least the role admin.
         */
        get: operations["adoptionListUnmanaged"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/users/{id}/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Look at a user in OpenStack now
         * @description Brings the record in line at once and says what differed; OpenStack is only read. One that is not there any more is marked as missing. Idempotency-Key is ignored.
         *
         *     Needs a token and at least the role admin.
         */
        post: operations["refreshRefreshUser"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/volumes/{id}/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Look at a volume in OpenStack now
         * @description Brings the record in line at once and says what differed; OpenStack is only read. One that is not there any more is marked as missing. Idempotency-Key is ignored.
         *
         *     Needs a token and at least the role admin.
         */
        post: operations["refreshRefreshVolume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Log in
         * @description Checks the password with OpenStack and opens a session in one project. The token is good for some minutes, the session until it is ended; when OpenStack cannot be asked the answer is 503, never 401. After some failures, of the account or from the address, no password is checked for a while.
         *
         *     Needs no token.
         */
        post: operations["authLogin"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Log out
         * @description Ends the session: its tokens count nowhere any more, from this moment on.
         *
         *     Needs a token and at least the role reader.
         */
        post: operations["authLogout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who am I?
         * @description The user, the project that the token is for, and the role in it.
         *
         *     Needs a token and at least the role reader.
         */
        get: operations["authMe"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/project": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Go on in another project
         * @description Answers a token for a project that you are in; an admin may enter every managed project. Refreshes stay there. The token that was sent remains good for its own project.
         *
         *     Needs a token and at least the role reader.
         */
        post: operations["authEnterProject"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Get a new token without the password
         * @description Each refresh token is good for one exchange, and its session lives on by it. Who did not hear the answer may ask again for some seconds and gets the same refresh token; after that a used one ends the session, for somebody has a copy. Works while OpenStack is away.
         *
         *     Needs no token.
         */
        post: operations["authRefresh"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/availability-zones": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List availability zones
         * @description As OpenStack offers it to the project of the token, at most a minute old; an older list is shown while OpenStack is away.
         *
         *     Needs a token and at least the role reader.
         */
        get: operations["catalogAvailabilityZones"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/flavors": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List flavors
         * @description As OpenStack offers it to the project of the token, at most a minute old; an older list is shown while OpenStack is away.
         *
         *     Needs a token and at least the role reader.
         */
        get: operations["catalogFlavors"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/floating-ips": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the project's floating IPs
         * @description Oldest first unless asked otherwise; an admin sees every project's. Answered from the record, whether OpenStack is up or not.
         *
         *     Needs a token and at least the role reader.
         */
        get: operations["floatingIpList"];
        put?: never;
        /**
         * Allocate a floating IP
         * @description Takes an address from an external network; it is DOWN until it is put on an interface. If OpenStack refuses, nothing is kept.
         *
         *     Needs a token and at least the role member.
         */
        post: operations["floatingIpAllocationAllocate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/floating-ips/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get one floating IP
         * @description With the interface and the server that it leads to, and what is under way on it.
         *
         *     Needs a token and at least the role reader.
         */
        get: operations["floatingIpGet"];
        put?: never;
        post?: never;
        /**
         * Release a floating IP
         * @description The address goes back to the cloud. It must be on no interface. With `dry_run` nothing happens, and what stands in the way is named.
         *
         *     Needs a token and at least the role member.
         */
        delete: operations["floatingIpRelease"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/floating-ips/{id}/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Look at one floating IP in OpenStack now
         * @description For who does not want to wait for the next round: the record is brought in line with OpenStack, which is only read. A few times a minute; for an admin, in the project that the admin is in. Idempotency-Key is ignored.
         *
         *     Needs a token and at least the role member.
         */
        post: operations["floatingIpRefresh"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Is the process alive?
         * @description Answers as long as the process runs, whatever else is down. Restart the process when it does not.
         *
         *     Needs no token.
         */
        get: operations["healthLive"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * May this replica get requests?
         * @description 200 while MySQL answers and its migrations have run; OpenStack does not count, since reads go on without it.
         *
         *     Needs no token.
         */
        get: operations["healthReady"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/images": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List images
         * @description As OpenStack offers it to the project of the token, at most a minute old; an older list is shown while OpenStack is away.
         *
         *     Needs a token and at least the role reader.
         */
        get: operations["catalogImages"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/key-pairs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List your key pairs
         * @description Your own, in whatever project you are; oldest first unless asked otherwise.
         *
         *     Needs a token and at least the role reader.
         */
        get: operations["keyPairList"];
        put?: never;
        /**
         * Keep a public key
         * @description For POST /servers, which puts it into a new server. The private half stays with you: none is ever made here. Idempotency-Key is ignored.
         *
         *     Needs a token and at least the role member.
         */
        post: operations["keyPairAdd"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/key-pairs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get one of your key pairs
         * @description Those of others are not found.
         *
         *     Needs a token and at least the role reader.
         */
        get: operations["keyPairGet"];
        put?: never;
        post?: never;
        /**
         * Forget a key pair
         * @description Servers that were made with it keep it. Idempotency-Key is ignored.
         *
         *     Needs a token and at least the role member.
         */
        delete: operations["keyPairRemove"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/network-interfaces": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the network interfaces of the project's servers
         * @description Oldest first unless asked otherwise; an admin sees every project's. Answered from the record, whether OpenStack is up or not.
         *
         *     Needs a token and at least the role reader.
         */
        get: operations["networkInterfaceList"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/network-interfaces/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get one network interface
         * @description With its addresses, its groups and its floating IP.
         *
         *     Needs a token and at least the role reader.
         */
        get: operations["networkInterfaceGet"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/network-interfaces/{id}/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Look at one network interface in OpenStack now
         * @description For who does not want to wait for the next round: the record is brought in line with OpenStack, which is only read. A few times a minute; for an admin, in the project that the admin is in. Idempotency-Key is ignored.
         *
         *     Needs a token and at least the role member.
         */
        post: operations["networkInterfaceRefresh"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/network-interfaces/{id}/security-groups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Put a network interface into security groups
         * @description It is in exactly these groups afterwards; in none, nothing is let through. An interface without port security takes none.
         *
         *     Needs a token and at least the role member.
         */
        put: operations["securityGroupsOfInterfaceSet"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/network-interfaces/{network_interface_id}/floating-ips/{floating_ip_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Put a floating IP on a network interface
         * @description An interface has one floating IP at most, and a floating IP leads to one interface at most.
         *
         *     Needs a token and at least the role member.
         */
        post: operations["floatingIpAssociationAssociate"];
        /**
         * Take a floating IP off a network interface
         * @description The address stays in the project and can be put on another interface.
         *
         *     Needs a token and at least the role member.
         */
        delete: operations["floatingIpAssociationDisassociate"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/networks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List networks with their subnets
         * @description As OpenStack offers it to the project of the token, at most a minute old; an older list is shown while OpenStack is away.
         *
         *     Needs a token and at least the role reader.
         */
        get: operations["catalogNetworks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List operations, newest first
         * @description The changes of your project, under way and ended; an admin sees every project's.
         *
         *     Needs a token and at least the role reader.
         */
        get: operations["operationList"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get one operation, and wait for its end if asked
         * @description With `wait` the answer comes when the operation has ended, or after that many seconds with what it is then.
         *
         *     Needs a token and at least the role reader.
         */
        get: operations["operationGet"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List your projects
         * @description With the people in them, oldest first unless asked otherwise; an admin sees every project.
         *
         *     Needs a token and at least the role reader.
         */
        get: operations["projectList"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get one project
         * @description One that you are in, with the people in it; an admin sees every one.
         *
         *     Needs a token and at least the role reader.
         */
        get: operations["projectGet"];
        /**
         * Rename a project
         * @description In OpenStack too, where a name stands once in a domain, whatever its case. An admin who is not in it switches to it first.
         *
         *     Needs a token and at least the role member.
         */
        put: operations["projectRename"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects/{id}/users/{uid}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Add somebody to a project
         * @description Gives the role in OpenStack. GET /users finds anyone by the account id. Any member may do it, unless this installation leaves it to admins.
         *
         *     Needs a token and at least the role member.
         */
        post: operations["membershipAdd"];
        /**
         * Take somebody out of a project
         * @description Takes the role away in OpenStack; the sessions of that person in the project end. The last one stays. Any member may do it, unless this installation leaves it to admins.
         *
         *     Needs a token and at least the role member.
         */
        delete: operations["membershipRemove"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/quotas": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show what the project may have, and has
         * @description As OpenStack tells, at most a minute old; older numbers are shown while OpenStack is away. `observed_at` says how old.
         *
         *     Needs a token and at least the role reader.
         */
        get: operations["catalogQuotasOf"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/security-groups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the project's security groups
         * @description Oldest first unless asked otherwise; an admin sees every project's. Answered from the record, whether OpenStack is up or not.
         *
         *     Needs a token and at least the role reader.
         */
        get: operations["securityGroupList"];
        put?: never;
        /**
         * Create a security group
         * @description The rules come beside those that let everything out, which every group has at first; equal rules are one. If OpenStack refuses any of it, nothing is kept.
         *
         *     Needs a token and at least the role member.
         */
        post: operations["securityGroupCreate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/security-groups/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get one security group
         * @description With its rules, the servers that are in it, and what is under way on it.
         *
         *     Needs a token and at least the role reader.
         */
        get: operations["securityGroupGet"];
        /**
         * Replace a security group
         * @description The group has exactly these rules afterwards, compared by value: what is there already keeps its ids. New rules come before old ones go. Of two changes at once one wins. A default group keeps its name.
         *
         *     Needs a token and at least the role member.
         */
        put: operations["securityGroupUpdate"];
        post?: never;
        /**
         * Delete a security group
         * @description It must be on no interface. Rules of other groups that let its members in go with it; a preview names those groups under detach.
         *
         *     Needs a token and at least the role member.
         */
        delete: operations["securityGroupDelete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/security-groups/{id}/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Look at one security group in OpenStack now
         * @description For who does not want to wait for the next round: the record is brought in line with OpenStack, which is only read. A few times a minute; for an admin, in the project that the admin is in. Idempotency-Key is ignored.
         *
         *     Needs a token and at least the role member.
         */
        post: operations["securityGroupRefresh"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/servers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the project's servers
         * @description Newest first unless asked otherwise; an admin sees every project's. Answered from the record, whether OpenStack is up or not.
         *
         *     Needs a token and at least the role reader.
         */
        get: operations["serverList"];
        put?: never;
        /**
         * Create a server with its port and its root volume
         * @description Answers at once with the server in BUILD; Location leads to the operation. If OpenStack refuses at any step, everything made for it is removed again, and the server reads ERROR with the reason in `fault`.
         *
         *     Needs a token and at least the role member.
         */
        post: operations["serverCreate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/servers/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get one server
         * @description With its interfaces, addresses, volumes and groups, what is under way on it, and when OpenStack was last seen to say so.
         *
         *     Needs a token and at least the role reader.
         */
        get: operations["serverGet"];
        put?: never;
        post?: never;
        /**
         * Delete a server with its ports and its root volume
         * @description Allowed in every state, also while it is being built; whatever else is under way on it is cancelled. Floating IPs and data volumes stay unless asked otherwise. While it runs, the same answer comes again. With `dry_run` nothing happens, and what would go, stay and stand in the way is named.
         *
         *     Needs a token and at least the role member.
         */
        delete: operations["serverDelete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/servers/{id}/actions/reboot": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reboot a server
         * @description Soft needs a server that is ACTIVE; hard takes one that is SHUTOFF, PAUSED, SUSPENDED or in ERROR too. It is rebooted once, whatever becomes of the answers on the way.
         *
         *     Needs a token and at least the role member.
         */
        post: operations["serverActionReboot"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/servers/{id}/console": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Open the console of a server
         * @description The address of the server's screen and keyboard, a new one each time. Whoever has it is at the console: it is written down who asked, never the address.
         *
         *     Needs a token and at least the role member.
         */
        post: operations["serverConsoleOpen"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/servers/{id}/console-log": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read what a server wrote on its serial console
         * @description The last lines, at most 256 KiB; read from OpenStack now. Boot messages may hold secrets of the guest.
         *
         *     Needs a token and at least the role member.
         */
        get: operations["serverConsoleLog"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/servers/{id}/info": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Rename, describe and protect a server
         * @description The name goes to OpenStack too; what OpenStack refuses in names is replaced there by `_`. The name of the root volume stays. If OpenStack refuses, everything is as it was.
         *
         *     Needs a token and at least the role member.
         */
        put: operations["serverActionRename"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/servers/{id}/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Look at one server in OpenStack now
         * @description For who does not want to wait for the next round: the record is brought in line with OpenStack, which is only read. A few times a minute; for an admin, in the project that the admin is in. Idempotency-Key is ignored.
         *
         *     Needs a token and at least the role member.
         */
        post: operations["serverRefresh"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/servers/{id}/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Start or stop a server
         * @description ACTIVE starts one that is SHUTOFF, SHUTOFF stops one that is ACTIVE or in ERROR; no other status can be asked for. Answers at once; what went wrong stands in `fault`.
         *
         *     Needs a token and at least the role member.
         */
        put: operations["serverActionSetStatus"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/servers/{id}/vnc-url": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Open the console of a server (as older clients ask)
         * @description The address of the server's screen and keyboard, a new one each time. Whoever has it is at the console: it is written down who asked, never the address.
         *
         *     Needs a token and at least the role member.
         */
        get: operations["serverConsoleVncUrl"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/servers/{server_id}/volumes/{volume_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Attach a volume to a server
         * @description A volume is on one server at most. The server may run or be stopped; it sees a new disk.
         *
         *     Needs a token and at least the role member.
         */
        post: operations["volumeAttachmentAttach"];
        /**
         * Detach a volume from a server
         * @description The volume stays with what is on it. Unmount it in the server before; the root volume cannot be detached.
         *
         *     Needs a token and at least the role member.
         */
        delete: operations["volumeAttachmentDetach"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the people you work with
         * @description Those who share a project with you, oldest first unless asked otherwise; an admin sees everybody. An account id that is given exactly finds anyone, so that a colleague can be added to a project: of a stranger only id, account id and name are told.
         *
         *     Needs a token and at least the role reader.
         */
        get: operations["userList"];
        put?: never;
        /**
         * Sign up
         * @description Makes an account, in no project yet: a member of one adds you. It is made before the answer, or not at all: when OpenStack takes too long what was begun is undone and the answer is 503.
         *
         *     Needs no token.
         */
        post: operations["accountSignUp"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get one user
         * @description Yourself, or somebody who shares a project with you; with the projects that you share.
         *
         *     Needs a token and at least the role reader.
         */
        get: operations["userGet"];
        put?: never;
        post?: never;
        /**
         * Delete an account
         * @description Your own, and as an administrator one that is in no project and could not log in to delete itself. In OpenStack too; its sessions end with it. Only accounts that were made here, not the last one of the domain, and not that of who is alone in a project with something in it.
         *
         *     Needs a token and at least the role reader.
         */
        delete: operations["accountDelete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/{id}/info": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Change your name
         * @description The name that others see. The account id, with which you log in, stays.
         *
         *     Needs a token and at least the role reader.
         */
        put: operations["userRename"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/{id}/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Change your password
         * @description In OpenStack, at once or not at all. Every other session of yours ends; the one that asks goes on. May be repeated when the answer was lost. Wrong old passwords count like failed logins.
         *
         *     Needs a token and at least the role reader.
         */
        put: operations["accountChangePassword"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/volume-types": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List volume types
         * @description As OpenStack offers it to the project of the token, at most a minute old; an older list is shown while OpenStack is away.
         *
         *     Needs a token and at least the role reader.
         */
        get: operations["catalogVolumeTypes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/volumes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the project's volumes
         * @description Root volumes too. Oldest first unless asked otherwise; an admin sees every project's. Answered from the record, whether OpenStack is up or not.
         *
         *     Needs a token and at least the role reader.
         */
        get: operations["volumeList"];
        put?: never;
        /**
         * Create a volume
         * @description Answers at once with the volume in CREATING; Location leads to the operation. If OpenStack refuses or fails, the volume reads ERROR with the reason in `fault`, and can be deleted.
         *
         *     Needs a token and at least the role member.
         */
        post: operations["volumeCreate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/volumes/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get one volume
         * @description With the server that it is on, what is under way on it, and when OpenStack was last seen to say so.
         *
         *     Needs a token and at least the role reader.
         */
        get: operations["volumeGet"];
        put?: never;
        post?: never;
        /**
         * Delete a volume and what is on it
         * @description It must be on no server, in AVAILABLE or one of the ERROR states, not protected, and without snapshots. One that OpenStack failed to delete may be deleted again.
         *
         *     Needs a token and at least the role member.
         */
        delete: operations["volumeDelete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/volumes/{id}/info": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Rename, describe or protect a volume
         * @description The name holds here at once. If OpenStack refuses it, the old one is back.
         *
         *     Needs a token and at least the role member.
         */
        put: operations["volumeUpdate"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/volumes/{id}/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Look at one volume in OpenStack now
         * @description For who does not want to wait for the next round: the record is brought in line with OpenStack, which is only read. A few times a minute; for an admin, in the project that the admin is in. Idempotency-Key is ignored.
         *
         *     Needs a token and at least the role member.
         */
        post: operations["volumeRefresh"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/volumes/{id}/size": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Make a volume larger
         * @description Only while it is AVAILABLE, and never smaller. What is on it stays; the file system on it does not grow by itself.
         *
         *     Needs a token and at least the role member.
         */
        put: operations["volumeResize"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        AddKeyPairRequest: {
            /**
             * @description Unique among your own.
             * @example laptop
             */
            name: string;
            /**
             * @description One line as in `id_ed25519.pub`: ssh-ed25519, ssh-rsa, ecdsa-sha2-nistp256, -384, -521 or a sk-… key, with or without a comment.
             * @example ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPhnhfBlg2alJsi9PoDZmO/XwydhHyv/KrfXQ5U4bZw6 me@example
             */
            public_key: string;
        };
        AddMemberRequest: {
            /**
             * @description What the user may do in the project; `member` when left out.
             * @example member
             * @enum {string}
             */
            role?: "member" | "reader";
        };
        AdminOperationListResponse: {
            /** @description For the next page; null on the last one. */
            next_cursor: string | null;
            operations: components["schemas"]["AdminOperationResponse"][];
        };
        AdminOperationResponse: {
            /**
             * @description How often it was taken up.
             * @example 3
             */
            attempt: number;
            /**
             * Format: date-time
             * @example 2026-11-24T09:30:00.000Z
             */
            created_at: string;
            /**
             * Format: date-time
             * @example 2026-11-24T10:00:00.000Z
             */
            deadline_at: string;
            /** @description Why it failed or was cancelled. */
            error: components["schemas"]["OperationErrorResponse"] | null;
            /**
             * @description How often the same thing failed in a row.
             * @example 2
             */
            failures: number;
            /** Format: date-time */
            finished_at: string | null;
            /** @example 42 */
            id: number;
            /** @example server.create */
            kind: string;
            /** @example unavailable compute no answer ECONNREFUSED */
            last_failure: string | null;
            /** @description Null when no replica works on it at the moment. */
            lease: components["schemas"]["OperationLeaseResponse"] | null;
            /**
             * Format: date-time
             * @description When it is tried again; in the past for what is due, or has ended.
             * @example 2026-11-24T09:30:34.000Z
             */
            next_run_at: string;
            /**
             * @description COMPENSATE undoes what was made.
             * @example FORWARD
             * @enum {string}
             */
            phase: "FORWARD" | "COMPENSATE";
            /**
             * @description Percent of the steps that are done.
             * @example 40
             */
            progress: number;
            /**
             * @description Null for what belongs to no project.
             * @example 1
             */
            project_id: number | null;
            /**
             * @description The request that asked for it, for the log.
             * @example 3f0c6a52-5f0e-4a0e-9d4d-0c6b2a1f7e11
             */
            request_id: string | null;
            /**
             * @description The user who asked; null for what the service does by itself.
             * @example 3
             */
            requested_by: number | null;
            resource: components["schemas"]["OperationResourceResponse"];
            /**
             * @description What people call its resource now; an interface and a floating IP go by their address.
             * @example web-1
             */
            resource_name: string | null;
            /**
             * Format: date-time
             * @example 2026-11-24T09:30:00.010Z
             */
            started_at: string | null;
            /**
             * @description SUCCEEDED, FAILED and CANCELLED are final.
             * @example RUNNING
             * @enum {string}
             */
            state: "QUEUED" | "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED" | "NEEDS_ATTENTION";
            /**
             * @description The step that it stands at.
             * @example root-volume
             */
            step: string;
            /**
             * Format: date-time
             * @description Since when it stands at its step.
             * @example 2026-11-24T09:30:04.000Z
             */
            step_since_at: string;
            /** @description What that step is about, in words. */
            step_title: string;
            /**
             * @description Why somebody should look at it; null when nobody needs to.
             * @example PAST_DEADLINE
             * @enum {string|null}
             */
            stuck: "NEEDS_ATTENTION" | "PAST_DEADLINE" | "SLOW_STEP" | null;
            /** @description Why it does not get on just now; null while it does. */
            waiting: components["schemas"]["OperationWaitingResponse"] | null;
        };
        AdoptedResourceResponse: {
            /**
             * @description Ours; null in a dry run for what has no row yet.
             * @example 7
             */
            id: number | null;
            /**
             * @description It had no row before.
             * @example true
             */
            is_new: boolean;
            /**
             * @description As OpenStack has it; its id where it has no name.
             * @example by-hand
             */
            name: string;
            /** @example 2b3c0d5e-8a52-4d5b-b7b5-0f6a3fbb7a10 */
            openstack_id: string;
            /**
             * @example server
             * @enum {string}
             */
            type: "user" | "project" | "project_user" | "server" | "security_group" | "volume" | "network_interface" | "floating_ip";
        };
        AdoptionResponse: {
            /** @description The object itself first, then what belongs to it. */
            adopted: components["schemas"]["AdoptedResourceResponse"][];
        };
        AdoptRequest: {
            /**
             * @description Only tell what would be adopted.
             * @example true
             */
            dry_run?: boolean;
            /**
             * @description OpenStack's id of it.
             * @example 2b3c0d5e-8a52-4d5b-b7b5-0f6a3fbb7a10
             */
            openstack_id: string;
            /**
             * @description Our id of the project that it is in.
             * @example 1
             */
            project_id: number;
            /**
             * @description A server comes with its interfaces, addresses, groups and volumes.
             * @example server
             * @enum {string}
             */
            type: "server" | "volume" | "network_interface" | "floating_ip" | "security_group";
        };
        AllocateFloatingIpRequest: {
            /**
             * Format: uuid
             * @description An external network; GET /networks lists them.
             * @example 1c0ff6d3-5c4f-4d8b-9c36-2f1a54e4b0a7
             */
            floating_network_id: string;
        };
        ApplyReconciliationRequest: {
            /**
             * @description Whether MASS_MISSING is applied too: so many are missing at once that the view may be wrong.
             * @example false
             */
            confirm_mass_change?: boolean;
            /**
             * @description Only these findings; all that are allowed when left out.
             * @example [
             *       31,
             *       32
             *     ]
             */
            finding_ids?: number[];
            /**
             * @description That of the plan whose findings were read.
             * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
             */
            plan_hash: string;
        };
        AuditEventListResponse: {
            audit_events: components["schemas"]["AuditEventResponse"][];
            /** @description For the next page; null on the last one. */
            next_cursor: string | null;
        };
        AuditEventResponse: {
            /**
             * @description The kind of the operation, or what was done at once.
             * @example server.delete
             */
            action: string;
            /** @example ada */
            actor_account_id: string | null;
            /**
             * @description Null for what nobody asked for who was logged in.
             * @example 3
             */
            actor_user_id: number | null;
            /**
             * Format: date-time
             * @example 2026-11-24T09:30:00.000Z
             */
            created_at: string;
            /**
             * @description What else belongs to it; never a secret.
             * @example null
             */
            detail: {
                [key: string]: unknown;
            } | null;
            /** @example 71 */
            id: number;
            /**
             * @description What carries it out; null for what was done at once.
             * @example 42
             */
            operation_id: number | null;
            /** @example 1 */
            project_id: number | null;
            /**
             * @description The request, for the log.
             * @example 3f0c6a52-5f0e-4a0e-9d4d-0c6b2a1f7e11
             */
            request_id: string | null;
            /** @example 7 */
            resource_id: number | null;
            /** @example server */
            resource_type: string;
        };
        AvailabilityZoneListResponse: {
            availability_zones: components["schemas"]["AvailabilityZoneResponse"][];
            /** @description For the next page; null on the last one. */
            next_cursor: string | null;
        };
        AvailabilityZoneResponse: {
            /**
             * @description Whether volumes can be made in it too; elsewhere the root volume of a server is made where Cinder chooses.
             * @example true
             */
            has_volumes: boolean;
            /**
             * @description Whether it takes new servers at the moment.
             * @example true
             */
            is_available: boolean;
            /** @example nova */
            name: string;
        };
        ChangePasswordRequest: {
            /**
             * Format: password
             * @description 8 to 72 bytes of UTF-8, none of those that are guessed first, and not the account id.
             * @example a better one than before
             */
            new_password: string;
            /**
             * Format: password
             * @example correct horse battery staple
             */
            old_password: string;
        };
        ConsoleLogResponse: {
            /** @description The last lines, at most 256 KiB. */
            output: string;
        };
        ConsoleResponse: {
            /**
             * @description For a browser; good for some minutes, and for whoever has it.
             * @example https://cloud.example/vnc_auto.html?path=%3Ftoken%3D6f0c1f0e
             */
            url: string;
        };
        CreatedServerResponse: {
            /** @description Of the server's administrator: shown this once, kept nowhere. Null where none was asked for, and when the answer is repeated. */
            admin_password: string | null;
            /** @example nova */
            availability_zone: string | null;
            /**
             * Format: date-time
             * @example 2026-11-24T09:30:00.512Z
             */
            created_at: string;
            /** Format: date-time */
            deleted_at: string | null;
            /** @example shop frontend */
            description: string | null;
            /** @description Why it is in ERROR, or why something asked for was not done. */
            fault: components["schemas"]["FaultResponse"] | null;
            /**
             * @example [
             *       "10.20.0.155"
             *     ]
             */
            fixed_ip_addresses: string[];
            /** @example 2 */
            flavor_id: string;
            /**
             * @description The same as `flavor_id`.
             * @example 2
             */
            flavor_openstack_id: string;
            floating_ips: components["schemas"]["ServerFloatingIpResponse"][];
            /** @example 7 */
            id: number;
            /** @example 804bf887-b595-420b-aa4a-f9d1b6644bd2 */
            image_id: string | null;
            /** @description OpenStack has not shown it since then; if it stays away for the grace time of the policy, it is deleted here too. Null while OpenStack shows it. */
            missing_since: string | null;
            /** @example web-1 */
            name: string;
            network_interfaces: components["schemas"]["ServerNetworkInterfaceResponse"][];
            /**
             * Format: date-time
             * @description When OpenStack was last seen to say so.
             * @example 2026-11-24T09:30:04.798Z
             */
            observed_at: string | null;
            /**
             * @description Null until Nova has made it.
             * @example 96aa79f0-0b2a-4605-b4d5-dde730cdc789
             */
            openstack_id: string | null;
            /**
             * @description OpenStack's own word for the status, also where it is none of the above.
             * @example ACTIVE
             */
            openstack_status: string | null;
            /** @description What is under way on it; null when nothing is. */
            operation: components["schemas"]["OperationReferenceResponse"] | null;
            /** @example 1 */
            project_id: number;
            /**
             * @description Protected servers cannot be deleted.
             * @example false
             */
            protected: boolean;
            security_groups: components["schemas"]["ServerSecurityGroupResponse"][];
            /**
             * @description OpenStack's last word; BUILD until the first.
             * @example ACTIVE
             * @enum {string}
             */
            status: "ACTIVE" | "BUILD" | "DELETED" | "ERROR" | "HARD_REBOOT" | "MIGRATING" | "PASSWORD" | "PAUSED" | "REBOOT" | "REBUILD" | "RESCUE" | "RESIZE" | "REVERT_RESIZE" | "SHELVED" | "SHELVED_OFFLOADED" | "SHUTOFF" | "SOFT_DELETED" | "SUSPENDED" | "UNKNOWN" | "VERIFY_RESIZE";
            /**
             * @description Whether that can be trusted: `stale` when OpenStack has not been heard since, `unknown` when it was not found at the last look.
             * @example fresh
             * @enum {string}
             */
            sync: "fresh" | "stale" | "unknown";
            /**
             * Format: date-time
             * @example 2026-11-24T09:30:04.798Z
             */
            updated_at: string;
            volumes: components["schemas"]["ServerVolumeResponse"][];
        };
        CreateReconciliationRequest: {
            /**
             * @description At most so many findings are applied; as many as there are when left out.
             * @example 100
             */
            max_changes?: number;
            /**
             * @description `dry_run` plans and changes nothing; `apply` plans and carries out what the policies allow at once.
             * @example dry_run
             * @enum {string}
             */
            mode: "dry_run" | "apply";
            /**
             * @description Only these types of resources; all when left out.
             * @example [
             *       "server"
             *     ]
             */
            resource_types?: ("user" | "project" | "project_user" | "server" | "security_group" | "volume" | "network_interface" | "floating_ip")[];
            /** @description What is compared; everything when left out. */
            scope?: components["schemas"]["ReconciliationScopeRequest"];
        };
        CreateSecurityGroupRequest: {
            /**
             * @description Whatever you want to remember of it.
             * @example Front ends of the shop
             */
            description?: string | null;
            /**
             * @description Unique among the project's live groups.
             * @example web
             */
            name: string;
            /** @description What is let through, beside the rules that let everything out. */
            rules: components["schemas"]["SecurityGroupRuleRequest"][];
        };
        CreateServerRequest: {
            /**
             * @description Whether a password for the server's administrator is to be made; the answer shows it, once.
             * @example false
             */
            admin_password?: boolean;
            /**
             * @description Left out: where there is room. GET /availability-zones lists them.
             * @example nova
             */
            availability_zone?: string;
            /**
             * @description Whatever you want to remember of it.
             * @example Front end of the shop
             */
            description?: string | null;
            /**
             * @description GET /flavors lists them.
             * @example 2
             */
            flavor_id: string;
            /**
             * @description One of your key pairs, to log in with; GET /key-pairs lists them.
             * @example 3
             */
            key_pair_id?: number;
            /**
             * @description Unique among the project's live servers.
             * @example web-1
             */
            name: string;
            /**
             * Format: uuid
             * @description GET /networks lists them; not an external one.
             * @example 9f29d394-dd61-47df-af61-5c69728159d5
             */
            network_id: string;
            /**
             * @description A protected server cannot be deleted.
             * @example false
             */
            protected?: boolean;
            /** @description The disk that the server boots from; it is deleted with the server. */
            root_volume: components["schemas"]["RootVolumeRequest"];
            /**
             * @description Left out: the project's default group. Empty: none.
             * @example [
             *       1
             *     ]
             */
            security_group_ids?: number[];
            /**
             * Format: uuid
             * @description The subnet of the network that it gets its address from; left out: any.
             * @example 0f1ef5a4-3b1c-4b0e-8a52-8a64c1c8f0c3
             */
            subnet_id?: string;
            /**
             * @description For cloud-init and the like: at most 49,149 bytes of UTF-8. Never shown again.
             * @example #cloud-config
             */
            user_data?: string;
            /**
             * @description The root volume's type, by id or name; left out: the cloud's default. GET /volume-types lists them.
             * @example lab-ssd
             */
            volume_type_id?: string;
        };
        CreateVolumeRequest: {
            /**
             * @description Whatever you want to remember of it.
             * @example Pictures of the shop
             */
            description?: string | null;
            /**
             * Format: uuid
             * @description The image that it is made from, which makes it bootable; left out, it is empty.
             * @example 804bf887-b595-420b-aa4a-f9d1b6644bd2
             */
            image_id?: string | null;
            /**
             * @description Unique among the project's live volumes.
             * @example data
             */
            name: string;
            /**
             * @description A protected volume cannot be deleted.
             * @example false
             */
            protected?: boolean;
            /**
             * @description GiB.
             * @example 10
             */
            size: number;
            /**
             * @description The type's id, or its name; GET /volume-types lists them.
             * @example 781962a2-23dd-4ea1-a666-059755d48f81
             */
            volume_type_id: string;
        };
        DeletionPreviewResponse: {
            /** @description What stands in the way: while this is not empty the deletion is refused. */
            blocked_by: components["schemas"]["ResourceNameResponse"][];
            delete: components["schemas"]["ResourceNameResponse"][];
            /** @description What stays, and is taken off what is deleted. */
            detach: components["schemas"]["ResourceNameResponse"][];
            /** @description What has to do with it, and stays as it is. */
            keep: components["schemas"]["ResourceNameResponse"][];
            /** @description What it would be refused by; empty together with `blocked_by`. */
            refusals: components["schemas"]["DeletionRefusalResponse"][];
        };
        DeletionRefusalResponse: {
            /**
             * @description As in a problem answer.
             * @example PROTECTED
             */
            code: string;
            /** @description What stands in the way, and what to do. */
            message: string;
        };
        DomainResponse: {
            /**
             * Format: date-time
             * @example 2026-11-24T09:00:00.000Z
             */
            created_at: string;
            /** Format: date-time */
            deleted_at: string | null;
            /** @example 1 */
            id: number;
            /** @example Default */
            name: string;
            /** @example default */
            openstack_id: string;
            /**
             * Format: date-time
             * @example 2026-11-24T09:00:00.000Z
             */
            updated_at: string;
        };
        EnterProjectRequest: {
            /**
             * @description The project to go on in.
             * @example 2
             */
            project_id: number;
        };
        EnterProjectResponse: {
            /**
             * Format: date-time
             * @description When `token` ends.
             * @example 2026-11-24T09:45:00.000Z
             */
            expires_at: string;
            /**
             * @description The project that the token is for.
             * @example 2
             */
            project_id: number;
            /**
             * @description Takes the place of the one that was sent.
             * @example eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzaWQiOiIuLi4ifQ.c2lnbmF0dXJl
             */
            token: string;
        };
        EvidenceResponse: {
            /**
             * @description OpenStack's id of the request; empty where it gave none.
             * @example req-6f0c1f0e-2a77-4d3e-9d53-0c9a1f1b2c3d
             */
            request_id: string;
            /**
             * Format: date-time
             * @example 2026-11-24T09:30:01.000Z
             */
            seen_at: string;
            /**
             * @description What was asked for.
             * @example /servers/detail?all_tenants=1
             */
            url: string;
        };
        FaultResponse: {
            /**
             * @description Stable; the same codes as in problem answers.
             * @example CAPACITY_UNAVAILABLE
             */
            code: string;
            /** @description What happened, to which thing, and what to do. */
            message: string;
        };
        FindingListResponse: {
            findings: components["schemas"]["FindingResponse"][];
            /** @description For the next page; null on the last one. */
            next_cursor: string | null;
        };
        FindingResponse: {
            /**
             * @description What applying it does; null: nothing is done about it.
             * @example FOLLOW
             * @enum {string|null}
             */
            action: "FOLLOW" | "MARK_MISSING" | "TOMBSTONE" | "DELETE" | "ADOPT" | "RENAME" | "RESTORE" | null;
            /**
             * @description What OpenStack says.
             * @example {
             *       "status": "SHUTOFF"
             *     }
             */
            after: {
                [key: string]: unknown;
            } | null;
            /**
             * @description Whether the policies and the grace times let the action happen now.
             * @example true
             */
            allowed: boolean;
            /** Format: date-time */
            applied_at: string | null;
            /**
             * @description What the record says, of the facts that differ.
             * @example {
             *       "status": "ACTIVE"
             *     }
             */
            before: {
                [key: string]: unknown;
            } | null;
            /** @description The answers of OpenStack that it rests on. */
            evidence: components["schemas"]["EvidenceResponse"][];
            /**
             * Format: date-time
             * @description When this was first found, by whichever reconciliation.
             * @example 2026-11-24T09:00:01.000Z
             */
            first_seen_at: string | null;
            /** @example 31 */
            id: number;
            /** @example 2b3c0d5e-8a52-4d5b-b7b5-0f6a3fbb7a10 */
            openstack_id: string | null;
            /** @example 1 */
            project_id: number | null;
            /** @example demo */
            project_name: string | null;
            /** @description Why it may not be applied, was skipped or failed; or what a person can do. */
            reason: string | null;
            /**
             * @description Ours; null where there is no row.
             * @example 7
             */
            resource_id: number | null;
            /**
             * @description What the row is called, else the object: an account id, an address, a name. Null where neither is known.
             * @example web-1
             */
            resource_name: string | null;
            /**
             * @example server
             * @enum {string}
             */
            resource_type: "user" | "project" | "project_user" | "server" | "security_group" | "volume" | "network_interface" | "floating_ip";
            /**
             * @example OPEN
             * @enum {string}
             */
            state: "OPEN" | "APPLIED" | "SKIPPED" | "FAILED";
            /**
             * @example STATUS_DRIFT
             * @enum {string}
             */
            type: "STATUS_DRIFT" | "FIELD_DRIFT" | "MISSING" | "MASS_MISSING" | "DELETED_OUTSIDE" | "ERROR_FAULT" | "STUCK_TRANSITION" | "ORPHAN" | "UNMANAGED" | "UNDEAD" | "INCOMPLETE_VIEW";
        };
        FlavorListResponse: {
            flavors: components["schemas"]["FlavorResponse"][];
            /** @description For the next page; null on the last one. */
            next_cursor: string | null;
        };
        FlavorResponse: {
            /**
             * @description GiB; servers boot from volumes of any size, whatever it says.
             * @example 20
             */
            disk: number;
            /**
             * @description A free text, not always a UUID.
             * @example 2
             */
            id: string;
            /**
             * @description Whether every project may use it.
             * @example true
             */
            is_public: boolean;
            /** @example m1.small */
            name: string;
            /**
             * @description MiB.
             * @example 2048
             */
            ram: number;
            /** @example 1 */
            vcpus: number;
        };
        FloatingIpListResponse: {
            floating_ips: components["schemas"]["FloatingIpResponse"][];
            /** @description For the next page; null on the last one. */
            next_cursor: string | null;
        };
        FloatingIpResponse: {
            /**
             * @description Null until Neutron has allocated it.
             * @example 198.18.0.42
             */
            address: string | null;
            /**
             * Format: date-time
             * @example 2026-11-24T09:30:00.512Z
             */
            created_at: string;
            /** Format: date-time */
            deleted_at: string | null;
            /** @description Why something asked for was not done. */
            fault: components["schemas"]["FaultResponse"] | null;
            /**
             * @description The address of the interface that it leads to.
             * @example 10.20.0.155
             */
            fixed_ip_address: string | null;
            /**
             * @description The external network that it comes from.
             * @example 1c0ff6d3-5c4f-4d8b-9c36-2f1a54e4b0a7
             */
            floating_network_id: string;
            /** @example 5 */
            id: number;
            /** @description OpenStack has not shown it since then; if it stays away for the grace time of the policy, it is deleted here too. Null while OpenStack shows it. */
            missing_since: string | null;
            /**
             * @description The interface that it leads to.
             * @example 4
             */
            network_interface_id: number | null;
            /**
             * Format: date-time
             * @description When OpenStack was last seen to say so.
             * @example 2026-11-24T09:30:04.798Z
             */
            observed_at: string | null;
            /**
             * @description Null until Neutron has allocated it.
             * @example 2b3c0d5e-8a52-4d5b-b7b5-0f6a3fbb7a10
             */
            openstack_id: string | null;
            /** @description What is under way on it; null when nothing is. */
            operation: components["schemas"]["OperationReferenceResponse"] | null;
            /** @example 1 */
            project_id: number;
            server: components["schemas"]["FloatingIpServerResponse"] | null;
            /**
             * @description The server of that interface.
             * @example 7
             */
            server_id: number | null;
            /**
             * @description As Neutron says; ACTIVE follows about a second after it was put on an interface.
             * @example ACTIVE
             * @enum {string}
             */
            status: "ACTIVE" | "DOWN" | "ERROR";
            /**
             * @description Whether that can be trusted: `stale` when OpenStack has not been heard since, `unknown` when it was not found at the last look.
             * @example fresh
             * @enum {string}
             */
            sync: "fresh" | "stale" | "unknown";
            /**
             * Format: date-time
             * @example 2026-11-24T09:30:04.798Z
             */
            updated_at: string;
        };
        FloatingIpServerResponse: {
            /** @example 7 */
            id: number;
            /** @example web-1 */
            name: string;
        };
        ImageListResponse: {
            images: components["schemas"]["ImageResponse"][];
            /** @description For the next page; null on the last one. */
            next_cursor: string | null;
        };
        ImageResponse: {
            /** @example qcow2 */
            disk_format: string | null;
            /** @example 804bf887-b595-420b-aa4a-f9d1b6644bd2 */
            id: string;
            /**
             * @description The smallest root volume for it, GiB.
             * @example 1
             */
            min_disk: number;
            /**
             * @description MiB.
             * @example 0
             */
            min_ram: number;
            /** @example cirros-0.6.3 */
            name: string;
            /**
             * @description Bytes; null before its upload has ended.
             * @example 21692416
             */
            size: number | null;
            /**
             * @description Glance's word; servers are made from `active` images only.
             * @example active
             */
            status: string;
            /**
             * @description Bytes once unpacked, where Glance knows.
             * @example 117440512
             */
            virtual_size: number | null;
            /** @example public */
            visibility: string;
        };
        KeyPairListResponse: {
            key_pairs: components["schemas"]["KeyPairResponse"][];
            /** @description For the next page; null on the last one. */
            next_cursor: string | null;
        };
        KeyPairResponse: {
            /**
             * Format: date-time
             * @example 2026-11-24T09:30:00.512Z
             */
            created_at: string;
            /**
             * @description As `ssh-keygen -l` shows it.
             * @example SHA256:Cqh7ySWMl2HWb7I/BEmontOv1KkHRSuJMRI7A3kqz8M
             */
            fingerprint: string;
            /** @example 3 */
            id: number;
            /** @example laptop */
            name: string;
            public_key: string;
            /** @example ssh-ed25519 */
            type: string;
            /**
             * Format: date-time
             * @example 2026-11-24T09:30:00.512Z
             */
            updated_at: string;
        };
        LastSweepResponse: {
            /**
             * @description False when a list could not be read to its end.
             * @example true
             */
            complete: boolean;
            /** @description Why it failed. */
            error: components["schemas"]["ReconciliationErrorResponse"] | null;
            /**
             * Format: date-time
             * @example 2026-11-24T09:30:04.000Z
             */
            finished_at: string | null;
            /**
             * @description A reconciliation.
             * @example 12
             */
            id: number;
            /**
             * Format: date-time
             * @example 2026-11-24T09:30:00.000Z
             */
            started_at: string | null;
            /**
             * @example DONE
             * @enum {string}
             */
            state: "PLANNING" | "PLANNED" | "APPLYING" | "DONE" | "FAILED" | "CANCELLED";
        };
        LiveResponse: {
            /**
             * @example ok
             * @enum {string}
             */
            status: "ok";
        };
        LoginRequest: {
            /**
             * @description The account's name in OpenStack.
             * @example demo
             */
            account_id: string;
            /**
             * Format: password
             * @example correct horse battery staple
             */
            password: string;
            /**
             * @description The project to work in; the one joined first when left out.
             * @example 1
             */
            project_id?: number;
        };
        LoginResponse: {
            /**
             * Format: date-time
             * @description When `token` ends.
             * @example 2026-11-24T09:45:00.000Z
             */
            expires_at: string;
            /**
             * @description The project that the token is for.
             * @example 1
             */
            project_id: number;
            /**
             * @description Gets a new token without the password; usable once.
             * @example WwyaDn1sTVOKPg9vP2orEVue9eZ5fstwhQLYKRBVoKlvFrTqmGz1zLSmGh8Kcb2Q0BFYvoN8q1OsbSl2LwLrHw
             */
            refresh_token: string;
            /**
             * @description Send it as `Authorization: Bearer …`.
             * @example eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzaWQiOiIuLi4ifQ.c2lnbmF0dXJl
             */
            token: string;
            user: components["schemas"]["UserResponse"];
        };
        LoopResponse: {
            /**
             * Format: date-time
             * @description When it last came to its end; null: never.
             * @example 2026-11-24T09:30:00.000Z
             */
            completed_at: string | null;
            /**
             * @description What it does; null for a loop of another release.
             * @example Takes over projects and people from Keystone.
             */
            description: string | null;
            /**
             * @description Grows with each replica that takes it over.
             * @example 17
             */
            epoch: number;
            /**
             * @description How often it is begun; 0: never, null for a loop of another release.
             * @example 1800000
             */
            interval_ms: number | null;
            /**
             * @description Milliseconds since then.
             * @example 41000
             */
            lag_ms: number | null;
            /**
             * Format: date-time
             * @example 2026-11-24T09:31:00.000Z
             */
            lease_until: string;
            /** @example orphans */
            name: string;
            /**
             * @description The replica that runs it now; null: none.
             * @example api-1:4711:3f0c6a52
             */
            owner: string | null;
        };
        NetworkInterfaceFloatingIpResponse: {
            /** @example 198.18.0.42 */
            address: string | null;
            /** @example 5 */
            id: number;
        };
        NetworkInterfaceListResponse: {
            network_interfaces: components["schemas"]["NetworkInterfaceResponse"][];
            /** @description For the next page; null on the last one. */
            next_cursor: string | null;
        };
        NetworkInterfaceResponse: {
            /**
             * Format: date-time
             * @example 2026-11-24T09:30:00.512Z
             */
            created_at: string;
            /** Format: date-time */
            deleted_at: string | null;
            /** @description Why something asked for was not done. */
            fault: components["schemas"]["FaultResponse"] | null;
            /**
             * @description The first of its addresses.
             * @example 10.20.0.155
             */
            fixed_ip_address: string | null;
            /**
             * @example [
             *       "10.20.0.155"
             *     ]
             */
            fixed_ip_addresses: string[];
            /** @description The floating IP that leads to it. */
            floating_ip: components["schemas"]["NetworkInterfaceFloatingIpResponse"] | null;
            /** @example 4 */
            id: number;
            /** @example fa:16:3e:4f:2a:91 */
            mac_address: string | null;
            /** @description OpenStack has not shown it since then; if it stays away for the grace time of the policy, it is deleted here too. Null while OpenStack shows it. */
            missing_since: string | null;
            /** @example 9f29d394-dd61-47df-af61-5c69728159d5 */
            network_id: string;
            /**
             * Format: date-time
             * @description When OpenStack was last seen to say so.
             * @example 2026-11-24T09:30:04.798Z
             */
            observed_at: string | null;
            /**
             * @description Neutron's port; null until it is made.
             * @example 6d935dc5-1b13-4bc5-8e88-87af16bdf62b
             */
            openstack_id: string | null;
            /**
             * @description Neutron's own word for the status of the port.
             * @example ACTIVE
             */
            openstack_status: string | null;
            /** @description What is under way on it; null when nothing is. */
            operation: components["schemas"]["OperationReferenceResponse"] | null;
            /** @example 1 */
            project_id: number;
            security_groups: components["schemas"]["NetworkInterfaceSecurityGroupResponse"][];
            /** @example 7 */
            server_id: number | null;
            /**
             * @description Whether that can be trusted: `stale` when OpenStack has not been heard since, `unknown` when it was not found at the last look.
             * @example fresh
             * @enum {string}
             */
            sync: "fresh" | "stale" | "unknown";
            /**
             * Format: date-time
             * @example 2026-11-24T09:30:04.798Z
             */
            updated_at: string;
        };
        NetworkInterfaceSecurityGroupResponse: {
            /** @example 1 */
            id: number;
            /** @example default */
            name: string;
        };
        NetworkListResponse: {
            networks: components["schemas"]["NetworkResponse"][];
            /** @description For the next page; null on the last one. */
            next_cursor: string | null;
        };
        NetworkResponse: {
            /** @example 9f29d394-dd61-47df-af61-5c69728159d5 */
            id: string;
            /**
             * @description External networks give floating IPs, the others take servers.
             * @example false
             */
            is_external: boolean;
            /**
             * @description Whether every project may use it.
             * @example false
             */
            is_shared: boolean;
            /** @example private */
            name: string;
            /**
             * @description Whether security groups work on it; null where the cloud does not say.
             * @example true
             */
            port_security_enabled: boolean | null;
            /** @example ACTIVE */
            status: string;
            /** @description Those that the project may see; servers need one. */
            subnets: components["schemas"]["SubnetResponse"][];
        };
        OperationErrorResponse: {
            /** @example QUOTA_EXCEEDED */
            code: string;
            message: string;
            /**
             * @description OpenStack's ids of the requests that it is about, for its operators: those that failed, else the last that changed something.
             * @example [
             *       "req-6f0c1f0e-2a77-4d3e-9d53-0c9a1f1b2c3d"
             *     ]
             */
            openstack_request_ids: string[];
        };
        OperationLeaseResponse: {
            /** @example api-1:4711:9f86d081 */
            owner: string;
            /**
             * Format: date-time
             * @example 2026-11-24T09:31:00.000Z
             */
            until_at: string;
        };
        OperationListResponse: {
            /** @description For the next page; null on the last one. */
            next_cursor: string | null;
            operations: components["schemas"]["OperationResponse"][];
        };
        OperationOnlyResponse: {
            operation: components["schemas"]["OperationReferenceResponse"];
        };
        OperationReferenceResponse: {
            /** @example 42 */
            id: number;
            /** @example server.create */
            kind: string;
            /**
             * @example RUNNING
             * @enum {string}
             */
            state: "QUEUED" | "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED" | "NEEDS_ATTENTION";
        };
        OperationResourceResponse: {
            /** @example 7 */
            id: number;
            /**
             * @example server
             * @enum {string}
             */
            type: "user" | "project" | "project_user" | "server" | "security_group" | "volume" | "network_interface" | "floating_ip" | "key_pair";
        };
        OperationResponse: {
            /**
             * Format: date-time
             * @example 2026-11-24T09:30:00.000Z
             */
            created_at: string;
            /** @description Why it failed or was cancelled. */
            error: components["schemas"]["OperationErrorResponse"] | null;
            /** Format: date-time */
            finished_at: string | null;
            /** @example 42 */
            id: number;
            /** @example server.create */
            kind: string;
            /**
             * @description Percent of the steps that are done.
             * @example 40
             */
            progress: number;
            /**
             * @description The user who asked; null for what the service does by itself.
             * @example 3
             */
            requested_by: number | null;
            resource: components["schemas"]["OperationResourceResponse"];
            /**
             * Format: date-time
             * @example 2026-11-24T09:30:00.010Z
             */
            started_at: string | null;
            /**
             * @description SUCCEEDED, FAILED and CANCELLED are final.
             * @example RUNNING
             * @enum {string}
             */
            state: "QUEUED" | "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED" | "NEEDS_ATTENTION";
            /**
             * @description The step that it stands at.
             * @example root-volume
             */
            step: string;
            /** @description What that step is about, in words. */
            step_title: string;
            /** @description Why it does not get on just now; null while it does. */
            waiting: components["schemas"]["OperationWaitingResponse"] | null;
        };
        OperationWaitingResponse: {
            reason: string;
            /**
             * Format: date-time
             * @example 2026-11-24T09:30:34.000Z
             */
            retry_at: string;
        };
        PausedResponse: {
            /** @description Null while the loops run. */
            paused: components["schemas"]["PauseResponse"] | null;
        };
        PauseResponse: {
            /**
             * @description Our id of the administrator.
             * @example 3
             */
            by: number | null;
            /**
             * @description What the administrator logs in by.
             * @example admin
             */
            by_account: string | null;
            /**
             * Format: date-time
             * @example 2026-11-24T09:30:00.000Z
             */
            since: string;
        };
        PoliciesResponse: {
            /** @example 1 */
            mass_missing_count: number;
            /** @example 20 */
            mass_missing_percent: number;
            /**
             * @description A row whose object is gone: only marked, or deleted when the grace time is over.
             * @example tombstone
             * @enum {string}
             */
            missing: "mark" | "tombstone";
            /** @example 300 */
            missing_grace_seconds: number;
            /**
             * @example accept
             * @enum {string}
             */
            names: "accept" | "enforce";
            /**
             * @example delete
             * @enum {string}
             */
            orphans: "report" | "delete";
            /** @example 1800 */
            stuck_after_seconds: number;
            /**
             * @example report
             * @enum {string}
             */
            unmanaged: "report" | "adopt";
            /**
             * @description Grows with each change; 0 while the defaults hold.
             * @example 3
             */
            version: number;
        };
        /** @description RFC 9457, with a stable `code` and the id of the request. */
        Problem: {
            /** @description What stands in the way. */
            blocked_by?: {
                /** @example 42 */
                id: number;
                /** @example web-1 */
                name: string | null;
                /** @example server */
                type: string;
            }[];
            /**
             * @description Stable; what a program should look at.
             * @example SERVER_NOT_FOUND
             */
            code: string;
            /** @example There is no server 42 */
            detail: string;
            /** @description The fields that are wrong. */
            errors?: {
                /**
                 * @description A dotted path or the name of a parameter or header; empty for the whole body.
                 * @example root_volume.size
                 */
                field: string;
                /**
                 * @example body
                 * @enum {string}
                 */
                in: "path" | "query" | "header" | "body";
                /** @example must be at least 2 */
                message: string;
                /**
                 * @description A stable word.
                 * @example min
                 */
                type: string;
            }[];
            /**
             * @description The path of the request.
             * @example /servers/42
             */
            instance: string;
            /**
             * @description The same as detail.
             * @example There is no server 42
             */
            message: string;
            openstack_request_ids?: string[];
            /**
             * @description The operation that is in the way, or that failed.
             * @example 17
             */
            operation_id?: number;
            /** @example 3f0c6a52-5f0e-4a0e-9d4d-0c6b2a1f7e11 */
            request_id: string;
            /** @example 404 */
            status: number;
            /** @example Server not found */
            title: string;
            /** @example urn:cloud-api:problem:server-not-found */
            type: string;
        };
        ProjectAccountResponse: {
            /** @example demo */
            account_id: string;
            /**
             * Format: date-time
             * @example 2026-11-24T09:00:00.000Z
             */
            created_at: string;
            /** Format: date-time */
            deleted_at: string | null;
            domain: components["schemas"]["ProjectDomainResponse"];
            /** @example 1 */
            domain_id: number;
            /** @example 3 */
            id: number;
            /** @example demo */
            name: string;
            /** @example 0f4b1d0c9a114b7e9d8e0b1c6a2e6a50 */
            openstack_id: string;
            /**
             * Format: date-time
             * @example 2026-11-24T09:00:00.000Z
             */
            updated_at: string;
        };
        ProjectDomainResponse: {
            /**
             * Format: date-time
             * @example 2026-11-24T09:00:00.000Z
             */
            created_at: string;
            /** Format: date-time */
            deleted_at: string | null;
            /** @example 1 */
            id: number;
            /** @example Default */
            name: string;
            /** @example default */
            openstack_id: string;
            /**
             * Format: date-time
             * @example 2026-11-24T09:00:00.000Z
             */
            updated_at: string;
        };
        ProjectListResponse: {
            /** @description For the next page; null on the last one. */
            next_cursor: string | null;
            projects: components["schemas"]["ProjectResponse"][];
        };
        ProjectResponse: {
            /** @description Who is in it, the first joined first. */
            accounts: components["schemas"]["ProjectAccountResponse"][];
            /**
             * Format: date-time
             * @example 2026-11-24T09:00:00.000Z
             */
            created_at: string;
            /** Format: date-time */
            deleted_at: string | null;
            domain: components["schemas"]["ProjectDomainResponse"];
            /** @example 1 */
            domain_id: number;
            /** @example 1 */
            id: number;
            /** @example demo */
            name: string;
            /** @example 96966e1b9b0d496e89e3220e9ed64022 */
            openstack_id: string;
            /**
             * Format: date-time
             * @example 2026-11-24T09:00:00.000Z
             */
            updated_at: string;
        };
        QuotaResponse: {
            /**
             * @description Null: no limit.
             * @example 10
             */
            limit: number | null;
            /** @example 3 */
            used: number;
        };
        QuotasResponse: {
            /** @description vCPUs. */
            cores: components["schemas"]["QuotaResponse"];
            floating_ips: components["schemas"]["QuotaResponse"];
            /** @description GiB of all volumes together. */
            gigabytes: components["schemas"]["QuotaResponse"];
            /**
             * Format: date-time
             * @description When OpenStack was asked.
             * @example 2026-11-24T09:30:04.798Z
             */
            observed_at: string;
            /** @description Network interfaces, those of routers and the like too. */
            ports: components["schemas"]["QuotaResponse"];
            /** @description MiB. */
            ram: components["schemas"]["QuotaResponse"];
            security_group_rules: components["schemas"]["QuotaResponse"];
            security_groups: components["schemas"]["QuotaResponse"];
            servers: components["schemas"]["QuotaResponse"];
            volumes: components["schemas"]["QuotaResponse"];
        };
        ReadyResponse: {
            /** @description Whether projects and people have been imported from Keystone once; requests are served before that too. */
            imported: boolean;
            /**
             * @example ready
             * @enum {string}
             */
            status: "ready";
        };
        ReconciliationErrorResponse: {
            /** @example OPENSTACK_UNAVAILABLE */
            code: string;
            message: string;
        };
        ReconciliationListResponse: {
            /** @description For the next page; null on the last one. */
            next_cursor: string | null;
            reconciliations: components["schemas"]["ReconciliationResponse"][];
        };
        ReconciliationOutcomesResponse: {
            /** @example 2 */
            applied: number;
            /** @example 0 */
            failed: number;
            /**
             * @description Not decided yet, or nothing is to be done about them.
             * @example 0
             */
            open: number;
            /** @example 1 */
            skipped: number;
        };
        ReconciliationReportResponse: {
            findings: components["schemas"]["FindingResponse"][];
            reconciliation: components["schemas"]["ReconciliationResponse"];
        };
        ReconciliationResponse: {
            /**
             * @description False when a list could not be read to its end.
             * @example true
             */
            complete: boolean;
            /**
             * @description How many findings there are of each type.
             * @example {
             *       "STATUS_DRIFT": 2
             *     }
             */
            counts: {
                [key: string]: number;
            };
            /**
             * Format: date-time
             * @example 2026-11-24T09:30:00.000Z
             */
            created_at: string;
            /** @description Why it failed. */
            error: components["schemas"]["ReconciliationErrorResponse"] | null;
            /**
             * Format: date-time
             * @description When the run came to rest: its plan there, or applied; null while it plans or applies.
             * @example 2026-11-24T09:30:04.000Z
             */
            finished_at: string | null;
            /** @example 12 */
            id: number;
            /**
             * @description Null: no limit.
             * @example 100
             */
            max_changes: number | null;
            /**
             * @example dry_run
             * @enum {string}
             */
            mode: "dry_run" | "apply";
            /**
             * @description An administrator began it, or the loop of complete sweeps.
             * @example admin
             * @enum {string}
             */
            origin: "admin" | "sweep";
            /** @description What became of the findings: a plan that was applied in part has some that are SKIPPED, each with its reason. */
            outcomes: components["schemas"]["ReconciliationOutcomesResponse"];
            /**
             * @description Pages of lists that were read.
             * @example 3
             */
            pages: number;
            /**
             * @description What POST …/apply takes; null until the plan is there.
             * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
             */
            plan_hash: string | null;
            /**
             * Format: date-time
             * @description When the plan was there.
             * @example 2026-11-24T09:30:04.000Z
             */
            planned_at: string | null;
            /**
             * @description The administrator who began it; null for a sweep.
             * @example 3
             */
            requested_by: number | null;
            /**
             * @example [
             *       "server"
             *     ]
             */
            resource_types: ("user" | "project" | "project_user" | "server" | "security_group" | "volume" | "network_interface" | "floating_ip")[];
            scope: components["schemas"]["ReconciliationScopeResponse"];
            /**
             * Format: date-time
             * @description When a replica took it up.
             * @example 2026-11-24T09:30:00.100Z
             */
            started_at: string | null;
            /**
             * @description A dry run ends PLANNED, what was applied ends DONE; FAILED and CANCELLED are final too.
             * @example PLANNED
             * @enum {string}
             */
            state: "PLANNING" | "PLANNED" | "APPLYING" | "DONE" | "FAILED" | "CANCELLED";
            /** @description The newest run over the same scope, whose plan is the only one that can be applied now; null unless this plan waits to be. */
            superseded_by: number | null;
        };
        ReconciliationScopeRequest: {
            /**
             * @description Only these projects; all when left out.
             * @example [
             *       1
             *     ]
             */
            project_ids?: number[];
        };
        ReconciliationScopeResponse: {
            /**
             * @description Null: every project.
             * @example [
             *       1
             *     ]
             */
            project_ids: number[] | null;
        };
        ReconciliationStatusResponse: {
            /** @description The last comparison of everything; null before the first. */
            last_sweep: components["schemas"]["LastSweepResponse"] | null;
            /** @description The loops that have run, complete sweeps among them. */
            loops: components["schemas"]["LoopResponse"][];
            /** @description Of the operations that do not get on by themselves; null when there is none. */
            oldest_stuck_operation: components["schemas"]["StuckOperationResponse"] | null;
            /** @description Who stopped the loops, and since when; null while they run. */
            paused: components["schemas"]["PauseResponse"] | null;
            services: components["schemas"]["ServiceResponse"][];
            /** @description How far the lists of changes have been read. */
            watermarks: components["schemas"]["WatermarkResponse"][];
        };
        RefreshedResponse: {
            /** @description What differed; the record has it now, but for what is missing: that waits for the grace time. */
            findings: components["schemas"]["SeenDifferenceResponse"][];
            /** @example 7 */
            id: number;
            /**
             * Format: date-time
             * @description When OpenStack was last seen to show it; null: never.
             * @example 2026-11-24T09:30:04.798Z
             */
            observed_at: string | null;
            /**
             * @example server
             * @enum {string}
             */
            resource_type: "user" | "project" | "project_user" | "server" | "security_group" | "volume" | "network_interface" | "floating_ip";
        };
        RefreshRequest: {
            /**
             * @description As the login, or the refresh before, gave it.
             * @example WwyaDn1sTVOKPg9vP2orEVue9eZ5fstwhQLYKRBVoKlvFrTqmGz1zLSmGh8Kcb2Q0BFYvoN8q1OsbSl2LwLrHw
             */
            refresh_token: string;
        };
        RefreshResponse: {
            /**
             * Format: date-time
             * @description When `token` ends.
             * @example 2026-11-24T09:45:00.000Z
             */
            expires_at: string;
            /**
             * @description Takes the place of the one that was sent.
             * @example WwyaDn1sTVOKPg9vP2orEVue9eZ5fstwhQLYKRBVoKlvFrTqmGz1zLSmGh8Kcb2Q0BFYvoN8q1OsbSl2LwLrHw
             */
            refresh_token: string;
            /**
             * @description For the project that the session is in.
             * @example eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzaWQiOiIuLi4ifQ.c2lnbmF0dXJl
             */
            token: string;
        };
        RenameProjectRequest: {
            /** @example research */
            name: string;
        };
        RenameServerRequest: {
            /**
             * @description Left out: as it is. Null: none.
             * @example Front end of the shop
             */
            description?: string | null;
            /**
             * @description Unique among the project's live servers.
             * @example web-2
             */
            name: string;
            /**
             * @description A protected server cannot be deleted. Left out: as it is.
             * @example true
             */
            protected?: boolean;
        };
        RenameUserRequest: {
            /** @example Ada */
            name: string;
        };
        ResizeVolumeRequest: {
            /**
             * @description GiB; more than it has.
             * @example 20
             */
            size: number;
        };
        ResourceNameResponse: {
            /** @example 7 */
            id: number;
            /**
             * @description Null for what has none.
             * @example web-1
             */
            name: string | null;
            /** @example server */
            type: string;
        };
        RootVolumeRequest: {
            /**
             * Format: uuid
             * @description The image that the volume is made from; GET /images lists them.
             * @example 804bf887-b595-420b-aa4a-f9d1b6644bd2
             */
            image_id: string;
            /**
             * @description GiB; at least what the image needs.
             * @example 10
             */
            size: number;
        };
        SecurityGroupListResponse: {
            /** @description For the next page; null on the last one. */
            next_cursor: string | null;
            security_groups: components["schemas"]["SecurityGroupResponse"][];
        };
        SecurityGroupResponse: {
            /**
             * Format: date-time
             * @example 2026-11-24T09:30:00.512Z
             */
            created_at: string;
            /** Format: date-time */
            deleted_at: string | null;
            /** @example Front ends of the shop */
            description: string | null;
            /** @description Why something asked for was not done. */
            fault: components["schemas"]["FaultResponse"] | null;
            /** @example 5 */
            id: number;
            /**
             * @description Each project has one such group, which servers get that name none; it keeps its name and cannot be deleted.
             * @example false
             */
            is_default: boolean;
            /** @description OpenStack has not shown it since then; if it stays away for the grace time of the policy, it is deleted here too. Null while OpenStack shows it. */
            missing_since: string | null;
            /** @example web */
            name: string;
            /**
             * Format: date-time
             * @description When OpenStack was last seen to say so.
             * @example 2026-11-24T09:30:04.798Z
             */
            observed_at: string | null;
            /**
             * @description Null until Neutron has made it.
             * @example 5e2810e7-bcf8-4379-bf16-c1a5444e926b
             */
            openstack_id: string | null;
            /** @description What is under way on it; null when nothing is. */
            operation: components["schemas"]["OperationReferenceResponse"] | null;
            /** @example 1 */
            project_id: number;
            /** @description As Neutron showed them last. */
            rules: components["schemas"]["SecurityGroupRuleResponse"][];
            /** @description The servers whose interfaces are in the group. */
            servers: components["schemas"]["SecurityGroupServerResponse"][];
            /**
             * @description Whether that can be trusted: `stale` when OpenStack has not been heard since, `unknown` when it was not found at the last look.
             * @example fresh
             * @enum {string}
             */
            sync: "fresh" | "stale" | "unknown";
            /**
             * Format: date-time
             * @example 2026-11-24T09:30:04.798Z
             */
            updated_at: string;
        };
        SecurityGroupRuleRequest: {
            /**
             * @description Two rules that differ in nothing else are one.
             * @example HTTPS from the office
             */
            description?: string | null;
            /**
             * @description Towards the server, or from it.
             * @example ingress
             * @enum {string}
             */
            direction: "ingress" | "egress";
            /**
             * @example IPv4
             * @enum {string}
             */
            ether_type: "IPv4" | "IPv6";
            /**
             * @description The last port; for icmp the code. Null: any.
             * @example 443
             */
            port_range_max?: number | null;
            /**
             * @description The first port, of a protocol that has ports; for icmp the type. Null: any.
             * @example 443
             */
            port_range_min?: number | null;
            /**
             * @description A name such as tcp, udp, icmp, or a number from 0 to 255, which is the same; null: any.
             * @example tcp
             */
            protocol?: string | null;
            /**
             * @description The other end is in this security group of the project; not together with remote_ip_prefix.
             * @example null
             */
            remote_group_id?: number | null;
            /**
             * @description The network at the other end, of the same family; null: any.
             * @example 203.0.113.0/24
             */
            remote_ip_prefix?: string | null;
        };
        SecurityGroupRuleResponse: {
            /** @example HTTPS from the office */
            description: string | null;
            /**
             * @example ingress
             * @enum {string}
             */
            direction: "ingress" | "egress";
            /**
             * @example IPv4
             * @enum {string}
             */
            ether_type: "IPv4" | "IPv6";
            /**
             * @description Stays while the rule does.
             * @example 31
             */
            id: number;
            /** @example 8f2c9a2e-59c5-4f0b-9b0e-0a3c39a0bb5d */
            openstack_id: string | null;
            /**
             * @description For icmp the code; null: any.
             * @example 443
             */
            port_range_max: number | null;
            /**
             * @description For icmp the type; null: any.
             * @example 443
             */
            port_range_min: number | null;
            /**
             * @description A name, or the number of a protocol without one; null: any.
             * @example tcp
             */
            protocol: string | null;
            /**
             * @description The other end is in this group.
             * @example 5
             */
            remote_group_id: number | null;
            /**
             * @description The same as OpenStack names it; alone where the group is not one of ours.
             * @example 5e2810e7-bcf8-4379-bf16-c1a5444e926b
             */
            remote_group_openstack_id: string | null;
            /**
             * @description A network, host bits cleared; null: any.
             * @example 203.0.113.0/24
             */
            remote_ip_prefix: string | null;
        };
        SecurityGroupServerResponse: {
            /** @example 7 */
            id: number;
            /** @example web-1 */
            name: string;
        };
        SeenDifferenceResponse: {
            /**
             * @example FOLLOW
             * @enum {string|null}
             */
            action: "FOLLOW" | "MARK_MISSING" | "TOMBSTONE" | "DELETE" | "ADOPT" | "RENAME" | "RESTORE" | null;
            /**
             * @description What OpenStack says.
             * @example {
             *       "status": "SHUTOFF"
             *     }
             */
            after: {
                [key: string]: unknown;
            } | null;
            /**
             * @description What the record said.
             * @example {
             *       "status": "ACTIVE"
             *     }
             */
            before: {
                [key: string]: unknown;
            } | null;
            evidence: components["schemas"]["EvidenceResponse"][];
            /** @description What a person can do. */
            reason: string | null;
            /**
             * @example STATUS_DRIFT
             * @enum {string}
             */
            type: "STATUS_DRIFT" | "FIELD_DRIFT" | "MISSING" | "MASS_MISSING" | "DELETED_OUTSIDE" | "ERROR_FAULT" | "STUCK_TRANSITION" | "ORPHAN" | "UNMANAGED" | "UNDEAD" | "INCOMPLETE_VIEW";
        };
        ServerDeletionResponse: {
            /**
             * @example [
             *       4
             *     ]
             */
            network_interface_ids: number[];
            operation: components["schemas"]["OperationReferenceResponse"];
            /** @example 7 */
            server_id: number;
            /**
             * @description The root volume.
             * @example 9
             */
            volume_id: number | null;
        };
        ServerFloatingIpResponse: {
            /** @example 198.18.0.42 */
            address: string | null;
            /** @example 5 */
            id: number;
            /** @example 4 */
            network_interface_id: number;
        };
        ServerListResponse: {
            /** @description For the next page; null on the last one. */
            next_cursor: string | null;
            servers: components["schemas"]["ServerResponse"][];
        };
        ServerNetworkInterfaceResponse: {
            /** @example 10.20.0.155 */
            fixed_ip_address: string | null;
            /** @example 5 */
            floating_ip_id: number | null;
            /** @example 4 */
            id: number;
            /** @example 6d935dc5-1b13-4bc5-8e88-87af16bdf62b */
            openstack_id: string | null;
        };
        ServerResponse: {
            /** @example nova */
            availability_zone: string | null;
            /**
             * Format: date-time
             * @example 2026-11-24T09:30:00.512Z
             */
            created_at: string;
            /** Format: date-time */
            deleted_at: string | null;
            /** @example shop frontend */
            description: string | null;
            /** @description Why it is in ERROR, or why something asked for was not done. */
            fault: components["schemas"]["FaultResponse"] | null;
            /**
             * @example [
             *       "10.20.0.155"
             *     ]
             */
            fixed_ip_addresses: string[];
            /** @example 2 */
            flavor_id: string;
            /**
             * @description The same as `flavor_id`.
             * @example 2
             */
            flavor_openstack_id: string;
            floating_ips: components["schemas"]["ServerFloatingIpResponse"][];
            /** @example 7 */
            id: number;
            /** @example 804bf887-b595-420b-aa4a-f9d1b6644bd2 */
            image_id: string | null;
            /** @description OpenStack has not shown it since then; if it stays away for the grace time of the policy, it is deleted here too. Null while OpenStack shows it. */
            missing_since: string | null;
            /** @example web-1 */
            name: string;
            network_interfaces: components["schemas"]["ServerNetworkInterfaceResponse"][];
            /**
             * Format: date-time
             * @description When OpenStack was last seen to say so.
             * @example 2026-11-24T09:30:04.798Z
             */
            observed_at: string | null;
            /**
             * @description Null until Nova has made it.
             * @example 96aa79f0-0b2a-4605-b4d5-dde730cdc789
             */
            openstack_id: string | null;
            /**
             * @description OpenStack's own word for the status, also where it is none of the above.
             * @example ACTIVE
             */
            openstack_status: string | null;
            /** @description What is under way on it; null when nothing is. */
            operation: components["schemas"]["OperationReferenceResponse"] | null;
            /** @example 1 */
            project_id: number;
            /**
             * @description Protected servers cannot be deleted.
             * @example false
             */
            protected: boolean;
            security_groups: components["schemas"]["ServerSecurityGroupResponse"][];
            /**
             * @description OpenStack's last word; BUILD until the first.
             * @example ACTIVE
             * @enum {string}
             */
            status: "ACTIVE" | "BUILD" | "DELETED" | "ERROR" | "HARD_REBOOT" | "MIGRATING" | "PASSWORD" | "PAUSED" | "REBOOT" | "REBUILD" | "RESCUE" | "RESIZE" | "REVERT_RESIZE" | "SHELVED" | "SHELVED_OFFLOADED" | "SHUTOFF" | "SOFT_DELETED" | "SUSPENDED" | "UNKNOWN" | "VERIFY_RESIZE";
            /**
             * @description Whether that can be trusted: `stale` when OpenStack has not been heard since, `unknown` when it was not found at the last look.
             * @example fresh
             * @enum {string}
             */
            sync: "fresh" | "stale" | "unknown";
            /**
             * Format: date-time
             * @example 2026-11-24T09:30:04.798Z
             */
            updated_at: string;
            volumes: components["schemas"]["ServerVolumeResponse"][];
        };
        ServerSecurityGroupResponse: {
            /** @example 1 */
            id: number;
            /** @example default */
            name: string;
        };
        ServerVolumeResponse: {
            /** @example 9 */
            id: number;
            /** @example true */
            is_root_volume: boolean;
            /** @example web-1-root */
            name: string;
            /**
             * @description GiB.
             * @example 10
             */
            size: number;
            /** @example 781962a2-23dd-4ea1-a666-059755d48f81 */
            volume_type_id: string | null;
        };
        ServiceResponse: {
            /** @example compute */
            name: string;
            /**
             * @description As the replica that answers sees it; null where it has not asked anything yet.
             * @example true
             */
            reachable: boolean | null;
        };
        SessionProjectResponse: {
            /**
             * @description False: disabled or gone in OpenStack, so that it can only be read.
             * @example true
             */
            enabled: boolean;
            /** @example 1 */
            id: number;
            /** @example demo */
            name: string;
            /** @example 96966e1b9b0d496e89e3220e9ed64022 */
            openstack_id: string;
        };
        SessionResponse: {
            project: components["schemas"]["SessionProjectResponse"];
            /**
             * @description What you may do in this project.
             * @example member
             * @enum {string}
             */
            role: "reader" | "member" | "admin";
            user: components["schemas"]["UserResponse"];
        };
        SetPoliciesRequest: {
            /**
             * @description In one project more missing at once than this, and than the percentage, are a mass: nothing is done unconfirmed.
             * @example 1
             */
            mass_missing_count: number;
            /**
             * @description Of the rows of a type in a project.
             * @example 20
             */
            mass_missing_percent: number;
            /**
             * @description A row whose object is gone: only marked, or deleted when the grace time is over.
             * @example tombstone
             * @enum {string}
             */
            missing: "mark" | "tombstone";
            /**
             * @description How many seconds an object must be gone before its row is deleted.
             * @example 300
             */
            missing_grace_seconds: number;
            /**
             * @description A name that differs: the record takes OpenStack's, or OpenStack gets the record's.
             * @example accept
             * @enum {string}
             */
            names: "accept" | "enforce";
            /**
             * @description An object that was made here and belongs to nothing any more: reported, or deleted on second sight.
             * @example delete
             * @enum {string}
             */
            orphans: "report" | "delete";
            /**
             * @description How many seconds a transition may take before it is reported as stuck.
             * @example 1800
             */
            stuck_after_seconds: number;
            /**
             * @description An object in a project of ours that was not made here.
             * @example report
             * @enum {string}
             */
            unmanaged: "report" | "adopt";
            /**
             * @description As it was read: what GET answers may be sent back as it is. Other policies that were set meanwhile are not overwritten then: 412. Left out: whatever was set meanwhile.
             * @example 3
             */
            version?: number;
        };
        SetSecurityGroupsRequest: {
            /**
             * @description The project's groups that the interface is in from now on; empty: none.
             * @example [
             *       5
             *     ]
             */
            security_group_ids: number[];
        };
        SignUpRequest: {
            /**
             * @description What you log in with; the name of the account in OpenStack.
             * @example ada
             */
            account_id: string;
            /**
             * @description The name that others see.
             * @example Ada
             */
            name: string;
            /**
             * Format: password
             * @description 8 to 72 bytes of UTF-8, none of those that are guessed first, and not the account id.
             * @example correct horse battery staple
             */
            password: string;
        };
        StuckOperationResourceResponse: {
            /** @example 7 */
            id: number;
            /**
             * @example server
             * @enum {string}
             */
            type: "user" | "project" | "project_user" | "server" | "security_group" | "volume" | "network_interface" | "floating_ip" | "key_pair";
        };
        StuckOperationResponse: {
            /**
             * Format: date-time
             * @example 2026-11-24T09:00:00.000Z
             */
            created_at: string;
            /** @example 42 */
            id: number;
            /** @example server.create */
            kind: string;
            resource: components["schemas"]["StuckOperationResourceResponse"];
            /**
             * @example NEEDS_ATTENTION
             * @enum {string}
             */
            state: "QUEUED" | "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED" | "NEEDS_ATTENTION";
        };
        SubnetResponse: {
            /** @example 10.20.0.0/24 */
            cidr: string;
            /** @example 10.20.0.1 */
            gateway_ip: string | null;
            /** @example 0f1ef5a4-3b1c-4b0e-8a52-8a64c1c8f0c3 */
            id: string;
            /**
             * @description 4 or 6.
             * @example 4
             */
            ip_version: number;
            /** @example private-v4 */
            name: string;
        };
        UnmanagedResourceListResponse: {
            /** @description For the next page; null on the last one. */
            next_cursor: string | null;
            unmanaged_resources: components["schemas"]["UnmanagedResourceResponse"][];
        };
        UnmanagedResourceResponse: {
            /**
             * Format: date-time
             * @example 2026-11-24T09:00:01.000Z
             */
            first_seen_at: string;
            /**
             * @description As OpenStack has it.
             * @example by-hand
             */
            name: string | null;
            /** @example 2b3c0d5e-8a52-4d5b-b7b5-0f6a3fbb7a10 */
            openstack_id: string;
            /** @example 1 */
            project_id: number;
            /**
             * @description The reconciliation that found it.
             * @example 12
             */
            reconciliation_id: number;
            /**
             * Format: date-time
             * @example 2026-11-24T09:30:01.000Z
             */
            seen_at: string;
            /**
             * @example server
             * @enum {string}
             */
            type: "server" | "volume" | "network_interface" | "floating_ip" | "security_group";
        };
        UpdateSecurityGroupRequest: {
            /**
             * @description Left out: stays as it is.
             * @example Front ends of the shop
             */
            description?: string | null;
            /**
             * @description Unique among the project's live groups.
             * @example web
             */
            name: string;
            /** @description All that is let through, from now on; rules that are there already stay, the others go. */
            rules: components["schemas"]["SecurityGroupRuleRequest"][];
        };
        UpdateVolumeRequest: {
            /**
             * @description Stays as it is when left out.
             * @example Pictures of the shop
             */
            description?: string | null;
            /**
             * @description Unique among the project's live volumes.
             * @example data
             */
            name: string;
            /**
             * @description A protected volume cannot be deleted.
             * @example true
             */
            protected?: boolean;
        };
        UserListResponse: {
            /** @description For the next page; null on the last one. */
            next_cursor: string | null;
            users: components["schemas"]["UserResponse"][];
        };
        UserProjectResponse: {
            /**
             * Format: date-time
             * @example 2026-11-24T09:00:00.000Z
             */
            created_at: string;
            /** Format: date-time */
            deleted_at: string | null;
            /** @example 1 */
            domain_id: number;
            /** @example 1 */
            id: number;
            /** @example demo */
            name: string;
            /** @example 96966e1b9b0d496e89e3220e9ed64022 */
            openstack_id: string;
            /**
             * Format: date-time
             * @example 2026-11-24T09:00:00.000Z
             */
            updated_at: string;
        };
        UserResponse: {
            /**
             * @description What the person logs in with.
             * @example demo
             */
            account_id: string;
            /**
             * Format: date-time
             * @example 2026-11-24T09:00:00.000Z
             */
            created_at: string | null;
            /** Format: date-time */
            deleted_at: string | null;
            domain: components["schemas"]["DomainResponse"] | null;
            /** @example 1 */
            domain_id: number | null;
            /** @example 3 */
            id: number;
            /** @example demo */
            name: string;
            /** @example 0f4b1d0c9a114b7e9d8e0b1c6a2e6a50 */
            openstack_id: string | null;
            /** @description Those that you are in too; an admin sees all. */
            projects: components["schemas"]["UserProjectResponse"][] | null;
            /**
             * Format: date-time
             * @example 2026-11-24T09:00:00.000Z
             */
            updated_at: string | null;
        };
        VolumeListResponse: {
            /** @description For the next page; null on the last one. */
            next_cursor: string | null;
            volumes: components["schemas"]["VolumeResponse"][];
        };
        VolumeResponse: {
            /** @example nova */
            availability_zone: string | null;
            /**
             * Format: date-time
             * @example 2026-11-24T09:30:00.512Z
             */
            created_at: string;
            /** Format: date-time */
            deleted_at: string | null;
            /** @example Pictures of the shop */
            description: string | null;
            /** @description Why it is in ERROR, or why something asked for was not done. */
            fault: components["schemas"]["FaultResponse"] | null;
            /** @example 9 */
            id: number;
            /**
             * @description The image that it was made from.
             * @example 804bf887-b595-420b-aa4a-f9d1b6644bd2
             */
            image_id: string | null;
            /**
             * @description Whether a server boots from it; such a volume is deleted with its server.
             * @example false
             */
            is_root_volume: boolean;
            /** @description OpenStack has not shown it since then; if it stays away for the grace time of the policy, it is deleted here too. Null while OpenStack shows it. */
            missing_since: string | null;
            /** @example data */
            name: string;
            /**
             * Format: date-time
             * @description When OpenStack was last seen to say so.
             * @example 2026-11-24T09:30:04.798Z
             */
            observed_at: string | null;
            /**
             * @description Null until Cinder has made it.
             * @example 5f1f7e0a-7b0c-4d2e-9b55-6d8c8f3f2a10
             */
            openstack_id: string | null;
            /**
             * @description OpenStack's own word for the status, also where it is none of the above.
             * @example available
             */
            openstack_status: string | null;
            /** @description What is under way on it; null when nothing is. */
            operation: components["schemas"]["OperationReferenceResponse"] | null;
            /** @example 1 */
            project_id: number;
            /**
             * @description A protected volume cannot be deleted.
             * @example false
             */
            protected: boolean;
            server: components["schemas"]["VolumeServerResponse"] | null;
            /**
             * @description The server that it is on.
             * @example 7
             */
            server_id: number | null;
            /**
             * @description GiB.
             * @example 10
             */
            size: number;
            /**
             * @description OpenStack's last word; CREATING until the first.
             * @example AVAILABLE
             * @enum {string}
             */
            status: "CREATING" | "AVAILABLE" | "RESERVED" | "ATTACHING" | "DETACHING" | "IN_USE" | "MAINTENANCE" | "DELETING" | "AWAITING_TRANSFER" | "ERROR" | "ERROR_DELETING" | "BACKING_UP" | "RESTORING_BACKUP" | "ERROR_BACKING_UP" | "ERROR_RESTORING" | "ERROR_EXTENDING" | "DOWNLOADING" | "UPLOADING" | "RETYPING" | "EXTENDING" | "UNKNOWN";
            /**
             * @description Whether that can be trusted: `stale` when OpenStack has not been heard since, `unknown` when it was not found at the last look.
             * @example fresh
             * @enum {string}
             */
            sync: "fresh" | "stale" | "unknown";
            /**
             * Format: date-time
             * @example 2026-11-24T09:30:04.798Z
             */
            updated_at: string;
            /**
             * @description The type's id; null until it is known.
             * @example 781962a2-23dd-4ea1-a666-059755d48f81
             */
            volume_type_id: string | null;
        };
        VolumeServerResponse: {
            /**
             * Format: date-time
             * @example 2026-11-24T09:30:00.512Z
             */
            created_at: string;
            /** Format: date-time */
            deleted_at: string | null;
            /** @example 7 */
            id: number;
            /** @example web-1 */
            name: string;
            /**
             * Format: date-time
             * @example 2026-11-24T09:30:04.798Z
             */
            updated_at: string;
        };
        VolumeTypeListResponse: {
            /** @description For the next page; null on the last one. */
            next_cursor: string | null;
            volume_types: components["schemas"]["VolumeTypeResponse"][];
        };
        VolumeTypeResponse: {
            /** @example Ordinary disks */
            description: string | null;
            /** @example 781962a2-23dd-4ea1-a666-059755d48f81 */
            id: string;
            /**
             * @description Whether every project may use it.
             * @example true
             */
            is_public: boolean;
            /** @example lvm */
            name: string;
        };
        WatermarkResponse: {
            /**
             * @description How far behind now that is.
             * @example 121000
             */
            lag_ms: number;
            /** @example server */
            name: string;
            /**
             * Format: date-time
             * @description Changes until then, by the service's clock, have been taken over.
             * @example 2026-11-24T09:28:00.000Z
             */
            seen_until: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    adoptionAdopt: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice. */
                "Idempotency-Key"?: string;
                /** @description `respond-async`: answer 202 at once. */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AdoptRequest"];
            };
        };
        responses: {
            /** @description All of it was managed here already; or, with `dry_run`: what would be. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdoptionResponse"];
                };
            };
            /** @description Managed here from now on. */
            201: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdoptionResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PROJECT_NOT_FOUND, UNMANAGED_RESOURCE_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_IN_USE, ADOPTION_REFUSED, OPENSTACK_REFUSED */
            409: {
                headers: {
                    /** @description Seconds; with IDEMPOTENCY_KEY_IN_USE alone. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED, IDEMPOTENCY_KEY_REUSED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE, OPENSTACK_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    auditList: {
        parameters: {
            query?: {
                /** @description Only this action. */
                action?: string;
                /** @description Only what this user asked for. */
                actor_user_id?: number;
                /** @description `next_cursor` of the page before; everything else must stay as it was. */
                cursor?: string;
                /** @description How many entries a page has; without it one page has up to 1,000. */
                limit?: number;
                /** @description The direction; the same as `sort_order`. */
                order?: "asc" | "desc";
                /** @description Only what concerns this project. */
                project_id?: number;
                /** @description Only what was done to the thing with this id. */
                resource_id?: number;
                /** @description Only what was done to this type of thing. */
                resource_type?: string;
                /** @description Only what happened at this time or later. */
                since?: string;
                /** @description The direction; the same as `order`. */
                sort_order?: "asc" | "desc";
                /** @description Only what happened before this time. */
                until?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description The next page, with rel="next"; absent on the last one. */
                    Link?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditEventListResponse"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    refreshRefreshFloatingIp: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Our id of the floating ip.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Looked at. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RefreshedResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description FLOATING_IP_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OPENSTACK_REFUSED */
            409: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE, OPENSTACK_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    refreshRefreshNetworkInterface: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Our id of the network interface.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Looked at. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RefreshedResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description NETWORK_INTERFACE_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OPENSTACK_REFUSED */
            409: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE, OPENSTACK_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    operationAdminList: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before; everything else must stay as it was. */
                cursor?: string;
                /** @description Only operations of this kind. */
                kind?: string;
                /** @description How many entries a page has; without it one page has up to 1,000. */
                limit?: number;
                /** @description The direction; the same as `sort_order`. */
                order?: "asc" | "desc";
                /** @description Only operations of this project. */
                project_id?: number;
                /** @description Only operations on the resource with this id. */
                resource_id?: number;
                /** @description Only operations on this type of resource. */
                resource_type?: "user" | "project" | "project_user" | "server" | "security_group" | "volume" | "network_interface" | "floating_ip" | "key_pair";
                /** @description The direction; the same as `order`. */
                sort_order?: "asc" | "desc";
                /** @description Only operations in this state. */
                state?: "QUEUED" | "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED" | "NEEDS_ATTENTION";
                /** @description `true`: only those that somebody should look at: past their deadline, NEEDS_ATTENTION, or at one step for longer than OPERATION_SLOW_MS. */
                stuck?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description The next page, with rel="next"; absent on the last one. */
                    Link?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminOperationListResponse"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    operationAdminAbandon: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice. */
                "Idempotency-Key"?: string;
                /** @description `respond-async`: answer 202 at once. */
                Prefer?: string;
            };
            path: {
                /**
                 * @description Our id of the operation.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It has FAILED with OPERATION_ABANDONED. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminOperationResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OPERATION_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_IN_USE, OPERATION_ENDED */
            409: {
                headers: {
                    /** @description Seconds; with IDEMPOTENCY_KEY_IN_USE alone. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED, IDEMPOTENCY_KEY_REUSED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    operationAdminRetry: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice. */
                "Idempotency-Key"?: string;
                /** @description `respond-async`: answer 202 at once. */
                Prefer?: string;
            };
            path: {
                /**
                 * @description Our id of the operation.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is due. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminOperationResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OPERATION_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_IN_USE, OPERATION_ENDED */
            409: {
                headers: {
                    /** @description Seconds; with IDEMPOTENCY_KEY_IN_USE alone. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED, IDEMPOTENCY_KEY_REUSED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    refreshRefreshProject: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Our id of the project.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Looked at. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RefreshedResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PROJECT_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OPENSTACK_REFUSED */
            409: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE, OPENSTACK_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    reconciliationStatusGetPolicies: {
        parameters: {
            query?: never;
            header?: {
                /** @description The entity tag of what you have; 304 while it is still the same. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description For If-Match and If-None-Match. */
                    ETag?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PoliciesResponse"];
                };
            };
            /** @description It is what you have. */
            304: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    reconciliationStatusSetPolicies: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice. */
                "Idempotency-Key"?: string;
                /** @description The ETag that was read; 412 when it is another now. */
                "If-Match"?: string;
                /** @description `respond-async`: answer 202 at once. */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SetPoliciesRequest"];
            };
        };
        responses: {
            /** @description Set. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PoliciesResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_IN_USE */
            409: {
                headers: {
                    /** @description Seconds; with IDEMPOTENCY_KEY_IN_USE alone. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PRECONDITION_FAILED */
            412: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED, IDEMPOTENCY_KEY_REUSED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    reconciliationStatusGetStatus: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReconciliationStatusResponse"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    reconciliationStatusPause: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice. */
                "Idempotency-Key"?: string;
                /** @description `respond-async`: answer 202 at once. */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Paused; also when they were already. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PausedResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_IN_USE */
            409: {
                headers: {
                    /** @description Seconds; with IDEMPOTENCY_KEY_IN_USE alone. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED, IDEMPOTENCY_KEY_REUSED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    reconciliationStatusResume: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice. */
                "Idempotency-Key"?: string;
                /** @description `respond-async`: answer 202 at once. */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Running; also when they were already. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PausedResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_IN_USE */
            409: {
                headers: {
                    /** @description Seconds; with IDEMPOTENCY_KEY_IN_USE alone. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED, IDEMPOTENCY_KEY_REUSED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    reconciliationList: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before; everything else must stay as it was. */
                cursor?: string;
                /** @description How many entries a page has; without it one page has up to 1,000. */
                limit?: number;
                /** @description Only those of this mode. */
                mode?: "dry_run" | "apply";
                /** @description The direction; the same as `sort_order`. */
                order?: "asc" | "desc";
                /** @description Only what administrators began, or only what the loop of complete sweeps began. */
                origin?: "admin" | "sweep";
                /** @description The direction; the same as `order`. */
                sort_order?: "asc" | "desc";
                /** @description Only reconciliations in this state. */
                state?: "PLANNING" | "PLANNED" | "APPLYING" | "DONE" | "FAILED" | "CANCELLED";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description The next page, with rel="next"; absent on the last one. */
                    Link?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReconciliationListResponse"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    reconciliationCreate: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice. */
                "Idempotency-Key"?: string;
                /** @description `respond-async`: answer 202 at once. */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateReconciliationRequest"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReconciliationResponse"];
                };
            };
            /** @description Accepted; what becomes of it is at Location. */
            202: {
                headers: {
                    /** @description Its path. */
                    Location?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReconciliationResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PROJECT_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_IN_USE, OPERATION_IN_PROGRESS, OPENSTACK_CONFLICT, OPENSTACK_REFUSED, DEADLINE_EXCEEDED, OPERATION_CANCELLED, OPERATION_ABANDONED, RECONCILIATION_RUNNING */
            409: {
                headers: {
                    /** @description Seconds; with IDEMPOTENCY_KEY_IN_USE alone. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED, IDEMPOTENCY_KEY_REUSED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    reconciliationGet: {
        parameters: {
            query?: never;
            header?: {
                /** @description The entity tag of what you have; 304 while it is still the same. */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Our id of the reconciliation.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description For If-Match and If-None-Match. */
                    ETag?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReconciliationResponse"];
                };
            };
            /** @description It is what you have. */
            304: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RECONCILIATION_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    reconciliationApply: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice. */
                "Idempotency-Key"?: string;
                /** @description `respond-async`: answer 202 at once. */
                Prefer?: string;
            };
            path: {
                /**
                 * @description Our id of the reconciliation.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ApplyReconciliationRequest"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReconciliationResponse"];
                };
            };
            /** @description Accepted; what becomes of it is at Location. */
            202: {
                headers: {
                    /** @description Its path. */
                    Location?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReconciliationResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RECONCILIATION_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_IN_USE, OPERATION_IN_PROGRESS, OPENSTACK_CONFLICT, OPENSTACK_REFUSED, DEADLINE_EXCEEDED, OPERATION_CANCELLED, OPERATION_ABANDONED, RECONCILIATION_NOT_PLANNED, RECONCILIATION_RUNNING */
            409: {
                headers: {
                    /** @description Seconds; with IDEMPOTENCY_KEY_IN_USE alone. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PLAN_OUTDATED */
            412: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED, IDEMPOTENCY_KEY_REUSED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    reconciliationCancel: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice. */
                "Idempotency-Key"?: string;
                /** @description `respond-async`: answer 202 at once. */
                Prefer?: string;
            };
            path: {
                /**
                 * @description Our id of the reconciliation.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Cancelled. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReconciliationResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RECONCILIATION_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_IN_USE, RECONCILIATION_ENDED */
            409: {
                headers: {
                    /** @description Seconds; with IDEMPOTENCY_KEY_IN_USE alone. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED, IDEMPOTENCY_KEY_REUSED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    reconciliationListFindings: {
        parameters: {
            query?: {
                /** @description Only findings that may be applied, or only those that may not. */
                allowed?: boolean;
                /** @description `next_cursor` of the page before; everything else must stay as it was. */
                cursor?: string;
                /** @description How many entries a page has; without it one page has up to 1,000. */
                limit?: number;
                /** @description The direction; the same as `sort_order`. */
                order?: "asc" | "desc";
                /** @description Only findings in the project with this id. */
                project_id?: number;
                /** @description Only findings about this type of resource. */
                resource_type?: "user" | "project" | "project_user" | "server" | "security_group" | "volume" | "network_interface" | "floating_ip";
                /** @description The direction; the same as `order`. */
                sort_order?: "asc" | "desc";
                /** @description Only findings in this state. */
                state?: "OPEN" | "APPLIED" | "SKIPPED" | "FAILED";
                /** @description Only findings of this type. */
                type?: "STATUS_DRIFT" | "FIELD_DRIFT" | "MISSING" | "MASS_MISSING" | "DELETED_OUTSIDE" | "ERROR_FAULT" | "STUCK_TRANSITION" | "ORPHAN" | "UNMANAGED" | "UNDEAD" | "INCOMPLETE_VIEW";
            };
            header?: never;
            path: {
                /**
                 * @description Our id of the reconciliation.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description The next page, with rel="next"; absent on the last one. */
                    Link?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FindingListResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RECONCILIATION_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    reconciliationReport: {
        parameters: {
            query?: {
                /** @description What Accept would say otherwise; JSON when neither says anything. */
                format?: "json" | "csv";
            };
            header?: never;
            path: {
                /**
                 * @description Our id of the reconciliation.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The reconciliation with all that it found. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReconciliationReportResponse"];
                    "text/csv": string;
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RECONCILIATION_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    refreshRefreshSecurityGroup: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Our id of the security group.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Looked at. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RefreshedResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description SECURITY_GROUP_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OPENSTACK_REFUSED */
            409: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE, OPENSTACK_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    refreshRefreshServer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Our id of the server.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Looked at. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RefreshedResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description SERVER_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OPENSTACK_REFUSED */
            409: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE, OPENSTACK_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    adoptionListUnmanaged: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before; everything else must stay as it was. */
                cursor?: string;
                /** @description How many entries a page has; without it one page has up to 1,000. */
                limit?: number;
                /** @description The direction; the same as `sort_order`. */
                order?: "asc" | "desc";
                /** @description Only in the project with this id. */
                project_id?: number;
                /** @description The direction; the same as `order`. */
                sort_order?: "asc" | "desc";
                /** @description Only this type of resource. */
                type?: "server" | "volume" | "network_interface" | "floating_ip" | "security_group";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description The next page, with rel="next"; absent on the last one. */
                    Link?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UnmanagedResourceListResponse"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    refreshRefreshUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Our id of the user.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Looked at. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RefreshedResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description USER_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OPENSTACK_REFUSED */
            409: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE, OPENSTACK_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    refreshRefreshVolume: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Our id of the volume.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Looked at. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RefreshedResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VOLUME_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OPENSTACK_REFUSED */
            409: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE, OPENSTACK_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    authLogin: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LoginRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoginResponse"];
                };
            };
            /** @description USER_NOT_JOINED_ANY_PROJECT, MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_AUTH */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PROJECT_ACCESS_DENIED, PASSWORD_EXPIRED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS, TOO_MANY_ATTEMPTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OPENSTACK_UNAVAILABLE, DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    authLogout: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    authMe: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionResponse"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    authEnterProject: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EnterProjectRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EnterProjectResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PROJECT_ACCESS_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    authRefresh: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RefreshRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RefreshResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_REFRESH_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    catalogAvailabilityZones: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before; everything else must stay as it was. */
                cursor?: string;
                /** @description How many entries a page has; without it one page has up to 1,000. */
                limit?: number;
                /** @description The direction; the same as `sort_order`. */
                order?: "asc" | "desc";
                /** @description The direction; the same as `order`. */
                sort_order?: "asc" | "desc";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description The next page, with rel="next"; absent on the last one. */
                    Link?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AvailabilityZoneListResponse"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE, OPENSTACK_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    catalogFlavors: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before; everything else must stay as it was. */
                cursor?: string;
                /** @description How many entries a page has; without it one page has up to 1,000. */
                limit?: number;
                /** @description The direction; the same as `sort_order`. */
                order?: "asc" | "desc";
                /** @description The direction; the same as `order`. */
                sort_order?: "asc" | "desc";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description The next page, with rel="next"; absent on the last one. */
                    Link?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FlavorListResponse"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE, OPENSTACK_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    floatingIpList: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before; everything else must stay as it was. */
                cursor?: string;
                /** @description Released floating IPs too; admins only. */
                include_deleted?: boolean;
                /** @description How many entries a page has; without it one page has up to 1,000. */
                limit?: number;
                /** @description The direction; the same as `sort_order`. */
                order?: "asc" | "desc";
                /** @description What the list is sorted by; `created_at` when left out. */
                sort_by?: "address" | "created_at";
                /** @description The direction; the same as `order`. */
                sort_order?: "asc" | "desc";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description The next page, with rel="next"; absent on the last one. */
                    Link?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FloatingIpListResponse"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    floatingIpAllocationAllocate: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice. */
                "Idempotency-Key"?: string;
                /** @description `respond-async`: answer 202 at once. */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AllocateFloatingIpRequest"];
            };
        };
        responses: {
            /** @description Allocated. */
            201: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FloatingIpResponse"];
                };
            };
            /** @description Accepted; the operation at Location carries it out. */
            202: {
                headers: {
                    /** @description The path of the operation. */
                    Location?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FloatingIpResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description NETWORK_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_IN_USE, OPERATION_IN_PROGRESS, OPENSTACK_CONFLICT, OPENSTACK_REFUSED, DEADLINE_EXCEEDED, OPERATION_CANCELLED, OPERATION_ABANDONED, QUOTA_EXCEEDED */
            409: {
                headers: {
                    /** @description Seconds; with IDEMPOTENCY_KEY_IN_USE alone. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED, IDEMPOTENCY_KEY_REUSED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    floatingIpGet: {
        parameters: {
            query?: never;
            header?: {
                /** @description The entity tag of what you have; 304 while it is still the same. */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Our id of the floating ip.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description For If-Match and If-None-Match. */
                    ETag?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FloatingIpResponse"];
                };
            };
            /** @description It is what you have. */
            304: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description FLOATING_IP_ACCESS_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description FLOATING_IP_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    floatingIpRelease: {
        parameters: {
            query?: {
                /** @description Answer what the deletion would do as far as the record knows, and do nothing. What only OpenStack knows, such as the snapshots of a volume or a role that comes from a group, can still refuse it. */
                dry_run?: boolean;
            };
            header?: {
                /** @description A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice. */
                "Idempotency-Key"?: string;
                /** @description The ETag that was read; 412 when it is another now. */
                "If-Match"?: string;
                /** @description `respond-async`: answer 202 at once. */
                Prefer?: string;
            };
            path: {
                /**
                 * @description Our id of the floating ip.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description With `dry_run`: what would happen. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeletionPreviewResponse"];
                };
            };
            /** @description Accepted; the operation at Location carries it out. */
            202: {
                headers: {
                    /** @description The path of the operation. */
                    Location?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FloatingIpResponse"];
                };
            };
            /** @description Released. */
            204: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED, FLOATING_IP_DELETE_PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description FLOATING_IP_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_IN_USE, OPERATION_IN_PROGRESS, OPENSTACK_CONFLICT, OPENSTACK_REFUSED, DEADLINE_EXCEEDED, OPERATION_CANCELLED, OPERATION_ABANDONED, ATTACHED_FLOATING_IP_DELETION */
            409: {
                headers: {
                    /** @description Seconds; with IDEMPOTENCY_KEY_IN_USE alone. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PRECONDITION_FAILED */
            412: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED, IDEMPOTENCY_KEY_REUSED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    floatingIpRefresh: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Our id of the floating ip.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is after the look. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FloatingIpResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED, FLOATING_IP_ACCESS_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description FLOATING_IP_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OPENSTACK_REFUSED */
            409: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE, OPENSTACK_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    healthLive: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LiveResponse"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    healthReady: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReadyResponse"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description NOT_READY */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    catalogImages: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before; everything else must stay as it was. */
                cursor?: string;
                /** @description How many entries a page has; without it one page has up to 1,000. */
                limit?: number;
                /** @description The direction; the same as `sort_order`. */
                order?: "asc" | "desc";
                /** @description The direction; the same as `order`. */
                sort_order?: "asc" | "desc";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description The next page, with rel="next"; absent on the last one. */
                    Link?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImageListResponse"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE, OPENSTACK_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    keyPairList: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before; everything else must stay as it was. */
                cursor?: string;
                /** @description How many entries a page has; without it one page has up to 1,000. */
                limit?: number;
                /** @description The direction; the same as `sort_order`. */
                order?: "asc" | "desc";
                /** @description What the list is sorted by. */
                sort_by?: "created_at" | "name";
                /** @description The direction; the same as `order`. */
                sort_order?: "asc" | "desc";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description The next page, with rel="next"; absent on the last one. */
                    Link?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyPairListResponse"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    keyPairAdd: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AddKeyPairRequest"];
            };
        };
        responses: {
            /** @description Kept. */
            201: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyPairResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description KEY_PAIR_NAME_DUPLICATE */
            409: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    keyPairGet: {
        parameters: {
            query?: never;
            header?: {
                /** @description The entity tag of what you have; 304 while it is still the same. */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Our id of the key pair.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description For If-Match and If-None-Match. */
                    ETag?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyPairResponse"];
                };
            };
            /** @description It is what you have. */
            304: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description KEY_PAIR_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    keyPairRemove: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that was read; 412 when it is another now. */
                "If-Match"?: string;
            };
            path: {
                /**
                 * @description Our id of the key pair.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Forgotten. */
            204: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description KEY_PAIR_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PRECONDITION_FAILED */
            412: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    networkInterfaceList: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before; everything else must stay as it was. */
                cursor?: string;
                /** @description Deleted interfaces too; admins only. */
                include_deleted?: boolean;
                /** @description How many entries a page has; without it one page has up to 1,000. */
                limit?: number;
                /** @description The direction; the same as `sort_order`. */
                order?: "asc" | "desc";
                /** @description Only the interfaces of this server. */
                server_id?: number;
                /** @description What the list is sorted by. */
                sort_by?: "created_at";
                /** @description The direction; the same as `order`. */
                sort_order?: "asc" | "desc";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description The next page, with rel="next"; absent on the last one. */
                    Link?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NetworkInterfaceListResponse"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    networkInterfaceGet: {
        parameters: {
            query?: never;
            header?: {
                /** @description The entity tag of what you have; 304 while it is still the same. */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Our id of the network interface.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description For If-Match and If-None-Match. */
                    ETag?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NetworkInterfaceResponse"];
                };
            };
            /** @description It is what you have. */
            304: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description NETWORK_INTERFACE_ACCESS_PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description NETWORK_INTERFACE_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    networkInterfaceRefresh: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Our id of the network interface.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is after the look. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NetworkInterfaceResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED, NETWORK_INTERFACE_ACCESS_PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description NETWORK_INTERFACE_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OPENSTACK_REFUSED */
            409: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE, OPENSTACK_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    securityGroupsOfInterfaceSet: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice. */
                "Idempotency-Key"?: string;
                /** @description The ETag that was read; 412 when it is another now. */
                "If-Match"?: string;
                /** @description `respond-async`: answer 202 at once. */
                Prefer?: string;
            };
            path: {
                /**
                 * @description Our id of the network interface.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SetSecurityGroupsRequest"];
            };
        };
        responses: {
            /** @description The interface is in these groups. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NetworkInterfaceResponse"];
                };
            };
            /** @description Accepted; the operation at Location carries it out. */
            202: {
                headers: {
                    /** @description The path of the operation. */
                    Location?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NetworkInterfaceResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED, NETWORK_INTERFACE_ACCESS_PERMISSION_DENIED, SECURITY_GROUP_ACCESS_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description NETWORK_INTERFACE_NOT_FOUND, SECURITY_GROUP_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_IN_USE, OPERATION_IN_PROGRESS, OPENSTACK_CONFLICT, OPENSTACK_REFUSED, DEADLINE_EXCEEDED, OPERATION_CANCELLED, OPERATION_ABANDONED, PORT_SECURITY_DISABLED */
            409: {
                headers: {
                    /** @description Seconds; with IDEMPOTENCY_KEY_IN_USE alone. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PRECONDITION_FAILED */
            412: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED, IDEMPOTENCY_KEY_REUSED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    floatingIpAssociationAssociate: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice. */
                "Idempotency-Key"?: string;
                /** @description `respond-async`: answer 202 at once. */
                Prefer?: string;
            };
            path: {
                /**
                 * @description Our id of the floating ip.
                 * @example 7
                 */
                floating_ip_id: number;
                /**
                 * @description Our id of the network interface.
                 * @example 7
                 */
                network_interface_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Accepted; the operation at Location carries it out. */
            202: {
                headers: {
                    /** @description The path of the operation. */
                    Location?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FloatingIpResponse"];
                };
            };
            /** @description The address leads to the interface. */
            204: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED, NETWORK_INTERFACE_ACCESS_PERMISSION_DENIED, FLOATING_IP_ACCESS_PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description NETWORK_INTERFACE_NOT_FOUND, FLOATING_IP_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_IN_USE, OPERATION_IN_PROGRESS, OPENSTACK_CONFLICT, OPENSTACK_REFUSED, DEADLINE_EXCEEDED, OPERATION_CANCELLED, OPERATION_ABANDONED, FLOATING_IP_ALREADY_ATTACHED_TO_NETWORK_INTERFACE, NETWORK_INTERFACE_HAS_FLOATING_IP, NETWORK_NOT_ROUTED */
            409: {
                headers: {
                    /** @description Seconds; with IDEMPOTENCY_KEY_IN_USE alone. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED, IDEMPOTENCY_KEY_REUSED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    floatingIpAssociationDisassociate: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice. */
                "Idempotency-Key"?: string;
                /** @description `respond-async`: answer 202 at once. */
                Prefer?: string;
            };
            path: {
                /**
                 * @description Our id of the floating ip.
                 * @example 7
                 */
                floating_ip_id: number;
                /**
                 * @description Our id of the network interface.
                 * @example 7
                 */
                network_interface_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Accepted; the operation at Location carries it out. */
            202: {
                headers: {
                    /** @description The path of the operation. */
                    Location?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FloatingIpResponse"];
                };
            };
            /** @description The address leads nowhere. */
            204: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description NETWORK_INTERFACE_NOT_MATCHED, MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED, NETWORK_INTERFACE_ACCESS_PERMISSION_DENIED, FLOATING_IP_ACCESS_PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description NETWORK_INTERFACE_NOT_FOUND, FLOATING_IP_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_IN_USE, OPERATION_IN_PROGRESS, OPENSTACK_CONFLICT, OPENSTACK_REFUSED, DEADLINE_EXCEEDED, OPERATION_CANCELLED, OPERATION_ABANDONED, FLOATING_IP_NOT_ATTACHED_TO_NETWORK_INTERFACE */
            409: {
                headers: {
                    /** @description Seconds; with IDEMPOTENCY_KEY_IN_USE alone. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED, IDEMPOTENCY_KEY_REUSED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    catalogNetworks: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before; everything else must stay as it was. */
                cursor?: string;
                /** @description How many entries a page has; without it one page has up to 1,000. */
                limit?: number;
                /** @description The direction; the same as `sort_order`. */
                order?: "asc" | "desc";
                /** @description The direction; the same as `order`. */
                sort_order?: "asc" | "desc";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description The next page, with rel="next"; absent on the last one. */
                    Link?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NetworkListResponse"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE, OPENSTACK_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    operationList: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before; everything else must stay as it was. */
                cursor?: string;
                /** @description Only these operations. */
                id?: number[];
                /** @description How many entries a page has; without it one page has up to 1,000. */
                limit?: number;
                /** @description The direction; the same as `sort_order`. */
                order?: "asc" | "desc";
                /** @description Only operations on the resource with this id. */
                resource_id?: number;
                /** @description Only operations on this type of resource. */
                resource_type?: "user" | "project" | "project_user" | "server" | "security_group" | "volume" | "network_interface" | "floating_ip" | "key_pair";
                /** @description The direction; the same as `order`. */
                sort_order?: "asc" | "desc";
                /** @description Only operations in this state. */
                state?: "QUEUED" | "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED" | "NEEDS_ATTENTION";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description The next page, with rel="next"; absent on the last one. */
                    Link?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OperationListResponse"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    operationGet: {
        parameters: {
            query?: {
                /** @description Seconds to wait for the end of the operation before answering. */
                wait?: number;
            };
            header?: {
                /** @description The entity tag of what you have; 304 while it is still the same. */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Our id of the operation.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description For If-Match and If-None-Match. */
                    ETag?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OperationResponse"];
                };
            };
            /** @description It is what you have. */
            304: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OPERATION_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    projectList: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before; everything else must stay as it was. */
                cursor?: string;
                /** @description Only these projects. */
                ids?: number[];
                /** @description All but these projects. */
                ids_exclude?: number[];
                /** @description Deleted projects too; admins only. */
                include_deleted?: boolean;
                /** @description How many entries a page has; without it one page has up to 1,000. */
                limit?: number;
                /** @description Exactly this name, ignoring case. */
                name?: string;
                /** @description A part of the name, ignoring case. */
                name_like?: string;
                /** @description The direction; the same as `sort_order`. */
                order?: "asc" | "desc";
                /** @description What the list is sorted by; `created_at` when left out. */
                sort_by?: "name" | "created_at";
                /** @description The direction; the same as `order`. */
                sort_order?: "asc" | "desc";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description The next page, with rel="next"; absent on the last one. */
                    Link?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProjectListResponse"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    projectGet: {
        parameters: {
            query?: never;
            header?: {
                /** @description The entity tag of what you have; 304 while it is still the same. */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Our id of the project.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description For If-Match and If-None-Match. */
                    ETag?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProjectResponse"];
                };
            };
            /** @description It is what you have. */
            304: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PROJECT_ACCESS_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PROJECT_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    projectRename: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice. */
                "Idempotency-Key"?: string;
                /** @description The ETag that was read; 412 when it is another now. */
                "If-Match"?: string;
                /** @description `respond-async`: answer 202 at once. */
                Prefer?: string;
            };
            path: {
                /**
                 * @description Our id of the project.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RenameProjectRequest"];
            };
        };
        responses: {
            /** @description Renamed. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProjectResponse"];
                };
            };
            /** @description Accepted; the operation at Location carries it out. */
            202: {
                headers: {
                    /** @description The path of the operation. */
                    Location?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OperationOnlyResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED, PROJECT_ACCESS_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PROJECT_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_IN_USE, OPERATION_IN_PROGRESS, OPENSTACK_CONFLICT, OPENSTACK_REFUSED, DEADLINE_EXCEEDED, OPERATION_CANCELLED, OPERATION_ABANDONED, PROJECT_NAME_DUPLICATED */
            409: {
                headers: {
                    /** @description Seconds; with IDEMPOTENCY_KEY_IN_USE alone. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PRECONDITION_FAILED */
            412: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED, IDEMPOTENCY_KEY_REUSED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    membershipAdd: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice. */
                "Idempotency-Key"?: string;
                /** @description `respond-async`: answer 202 at once. */
                Prefer?: string;
            };
            path: {
                /**
                 * @description Our id of the project.
                 * @example 7
                 */
                id: number;
                /**
                 * @description Our id of the uid.
                 * @example 7
                 */
                uid: number;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["AddMemberRequest"];
            };
        };
        responses: {
            /** @description Accepted; the operation at Location carries it out. */
            202: {
                headers: {
                    /** @description The path of the operation. */
                    Location?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OperationOnlyResponse"];
                };
            };
            /** @description Added. */
            204: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED, PROJECT_ACCESS_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PROJECT_NOT_FOUND, USER_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_IN_USE, OPERATION_IN_PROGRESS, OPENSTACK_CONFLICT, OPENSTACK_REFUSED, DEADLINE_EXCEEDED, OPERATION_CANCELLED, OPERATION_ABANDONED, USER_ROLE_ALREADY_IN_PROJECT */
            409: {
                headers: {
                    /** @description Seconds; with IDEMPOTENCY_KEY_IN_USE alone. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED, IDEMPOTENCY_KEY_REUSED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    membershipRemove: {
        parameters: {
            query?: {
                /** @description Answer what the deletion would do as far as the record knows, and do nothing. What only OpenStack knows, such as the snapshots of a volume or a role that comes from a group, can still refuse it. */
                dry_run?: boolean;
            };
            header?: {
                /** @description A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice. */
                "Idempotency-Key"?: string;
                /** @description `respond-async`: answer 202 at once. */
                Prefer?: string;
            };
            path: {
                /**
                 * @description Our id of the project.
                 * @example 7
                 */
                id: number;
                /**
                 * @description Our id of the uid.
                 * @example 7
                 */
                uid: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description With `dry_run`: what the removal would do. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeletionPreviewResponse"];
                };
            };
            /** @description Accepted; the operation at Location carries it out. */
            202: {
                headers: {
                    /** @description The path of the operation. */
                    Location?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OperationOnlyResponse"];
                };
            };
            /** @description Removed. */
            204: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED, PROJECT_ACCESS_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PROJECT_NOT_FOUND, USER_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_IN_USE, OPERATION_IN_PROGRESS, OPENSTACK_CONFLICT, OPENSTACK_REFUSED, DEADLINE_EXCEEDED, OPERATION_CANCELLED, OPERATION_ABANDONED, USER_ROLE_NOT_IN_PROJECT, LAST_PROJECT_MEMBER, ROLE_INHERITED */
            409: {
                headers: {
                    /** @description Seconds; with IDEMPOTENCY_KEY_IN_USE alone. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED, IDEMPOTENCY_KEY_REUSED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    catalogQuotasOf: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QuotasResponse"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE, OPENSTACK_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    securityGroupList: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before; everything else must stay as it was. */
                cursor?: string;
                /** @description Deleted groups too; admins only. */
                include_deleted?: boolean;
                /** @description How many entries a page has; without it one page has up to 1,000. */
                limit?: number;
                /** @description The direction; the same as `sort_order`. */
                order?: "asc" | "desc";
                /** @description What the list is sorted by; `created_at` when left out. */
                sort_by?: "name" | "created_at";
                /** @description The direction; the same as `order`. */
                sort_order?: "asc" | "desc";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description The next page, with rel="next"; absent on the last one. */
                    Link?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SecurityGroupListResponse"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    securityGroupCreate: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice. */
                "Idempotency-Key"?: string;
                /** @description `respond-async`: answer 202 at once. */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateSecurityGroupRequest"];
            };
        };
        responses: {
            /** @description Made, with its rules. */
            201: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SecurityGroupResponse"];
                };
            };
            /** @description Accepted; the operation at Location carries it out. */
            202: {
                headers: {
                    /** @description The path of the operation. */
                    Location?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SecurityGroupResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED, SECURITY_GROUP_ACCESS_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description SECURITY_GROUP_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_IN_USE, OPERATION_IN_PROGRESS, OPENSTACK_CONFLICT, OPENSTACK_REFUSED, DEADLINE_EXCEEDED, OPERATION_CANCELLED, OPERATION_ABANDONED, SECURITY_GROUP_NAME_DUPLICATED, QUOTA_EXCEEDED */
            409: {
                headers: {
                    /** @description Seconds; with IDEMPOTENCY_KEY_IN_USE alone. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED, IDEMPOTENCY_KEY_REUSED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    securityGroupGet: {
        parameters: {
            query?: never;
            header?: {
                /** @description The entity tag of what you have; 304 while it is still the same. */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Our id of the security group.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description For If-Match and If-None-Match. */
                    ETag?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SecurityGroupResponse"];
                };
            };
            /** @description It is what you have. */
            304: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description SECURITY_GROUP_ACCESS_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description SECURITY_GROUP_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    securityGroupUpdate: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice. */
                "Idempotency-Key"?: string;
                /** @description The ETag that was read; 412 when it is another now. */
                "If-Match"?: string;
                /** @description `respond-async`: answer 202 at once. */
                Prefer?: string;
            };
            path: {
                /**
                 * @description Our id of the security group.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateSecurityGroupRequest"];
            };
        };
        responses: {
            /** @description Changed, in OpenStack too. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SecurityGroupResponse"];
                };
            };
            /** @description Accepted; the operation at Location carries it out. */
            202: {
                headers: {
                    /** @description The path of the operation. */
                    Location?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SecurityGroupResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED, SECURITY_GROUP_UPDATE_PERMISSION_DENIED, SECURITY_GROUP_ACCESS_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description SECURITY_GROUP_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_IN_USE, OPERATION_IN_PROGRESS, OPENSTACK_CONFLICT, OPENSTACK_REFUSED, DEADLINE_EXCEEDED, OPERATION_CANCELLED, OPERATION_ABANDONED, DEFAULT_SECURITY_GROUP_RENAME, SECURITY_GROUP_NAME_DUPLICATED, OPTIMISTIC_LOCK_CONFLICT, QUOTA_EXCEEDED */
            409: {
                headers: {
                    /** @description Seconds; with IDEMPOTENCY_KEY_IN_USE alone. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PRECONDITION_FAILED */
            412: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED, IDEMPOTENCY_KEY_REUSED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    securityGroupDelete: {
        parameters: {
            query?: {
                /** @description Answer what the deletion would do as far as the record knows, and do nothing. What only OpenStack knows, such as the snapshots of a volume or a role that comes from a group, can still refuse it. */
                dry_run?: boolean;
            };
            header?: {
                /** @description A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice. */
                "Idempotency-Key"?: string;
                /** @description The ETag that was read; 412 when it is another now. */
                "If-Match"?: string;
                /** @description `respond-async`: answer 202 at once. */
                Prefer?: string;
            };
            path: {
                /**
                 * @description Our id of the security group.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description With dry_run: what the deletion would do. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeletionPreviewResponse"];
                };
            };
            /** @description Accepted; the operation at Location carries it out. */
            202: {
                headers: {
                    /** @description The path of the operation. */
                    Location?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SecurityGroupResponse"];
                };
            };
            /** @description Deleted. */
            204: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED, SECURITY_GROUP_DELETE_PERMISSION_DENIED_EXCEPTION */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description SECURITY_GROUP_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_IN_USE, OPERATION_IN_PROGRESS, OPENSTACK_CONFLICT, OPENSTACK_REFUSED, DEADLINE_EXCEEDED, OPERATION_CANCELLED, OPERATION_ABANDONED, ATTACHED_SECURITY_GROUP_DELETION, DEFAULT_SECURITY_GROUP_DELETION */
            409: {
                headers: {
                    /** @description Seconds; with IDEMPOTENCY_KEY_IN_USE alone. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PRECONDITION_FAILED */
            412: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED, IDEMPOTENCY_KEY_REUSED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    securityGroupRefresh: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Our id of the security group.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is after the look. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SecurityGroupResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED, SECURITY_GROUP_ACCESS_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description SECURITY_GROUP_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OPENSTACK_REFUSED */
            409: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE, OPENSTACK_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    serverList: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before; everything else must stay as it was. */
                cursor?: string;
                /** @description Only the server with this id. */
                id?: number;
                /** @description Only these servers. */
                ids_contain?: number[];
                /** @description All but these servers. */
                ids_exclude?: number[];
                /** @description Deleted servers too; admins only. */
                include_deleted?: boolean;
                /** @description How many entries a page has; without it one page has up to 1,000. */
                limit?: number;
                /** @description Only servers of this name, whatever its case. */
                name_eq?: string;
                /** @description Only servers whose name contains this, whatever its case; no character is special. */
                name_like?: string;
                /** @description The direction; the same as `sort_order`. */
                order?: "asc" | "desc";
                /** @description What the list is sorted by. */
                sort_by?: "created_at" | "name";
                /** @description The direction; the same as `order`. */
                sort_order?: "asc" | "desc";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description The next page, with rel="next"; absent on the last one. */
                    Link?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerListResponse"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    serverCreate: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice. */
                "Idempotency-Key"?: string;
                /** @description `respond-async`: answer 202 at once. */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateServerRequest"];
            };
        };
        responses: {
            /** @description Accepted; the operation at Location carries it out. */
            202: {
                headers: {
                    /** @description The path of the operation. */
                    Location?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedServerResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED, SECURITY_GROUP_ACCESS_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description SECURITY_GROUP_NOT_FOUND, KEY_PAIR_NOT_FOUND, FLAVOR_NOT_FOUND, IMAGE_NOT_FOUND, NETWORK_NOT_FOUND, SUBNET_NOT_FOUND, VOLUME_TYPE_NOT_FOUND, AVAILABILITY_ZONE_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_IN_USE, OPERATION_IN_PROGRESS, SERVER_NAME_DUPLICATE */
            409: {
                headers: {
                    /** @description Seconds; with IDEMPOTENCY_KEY_IN_USE alone. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED, IDEMPOTENCY_KEY_REUSED, ROOT_VOLUME_TOO_SMALL */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    serverGet: {
        parameters: {
            query?: never;
            header?: {
                /** @description The entity tag of what you have; 304 while it is still the same. */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Our id of the server.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description For If-Match and If-None-Match. */
                    ETag?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerResponse"];
                };
            };
            /** @description It is what you have. */
            304: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description SERVER_ACCESS_PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description SERVER_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    serverDelete: {
        parameters: {
            query?: {
                /** @description Delete its data volumes too, once they are detached. */
                delete_volumes?: boolean;
                /** @description Answer what the deletion would do as far as the record knows, and do nothing. What only OpenStack knows, such as the snapshots of a volume or a role that comes from a group, can still refuse it. */
                dry_run?: boolean;
                /** @description Give its floating IPs back too. */
                release_floating_ips?: boolean;
            };
            header?: {
                /** @description A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice. */
                "Idempotency-Key"?: string;
                /** @description The ETag that was read; 412 when it is another now. */
                "If-Match"?: string;
                /** @description `respond-async`: answer 202 at once. */
                Prefer?: string;
            };
            path: {
                /**
                 * @description Our id of the server.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description With `dry_run`: what would happen. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeletionPreviewResponse"];
                };
            };
            /** @description Accepted; the operation at Location carries it out. */
            202: {
                headers: {
                    /** @description The path of the operation. */
                    Location?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerDeletionResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED, SERVER_DELETE_PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description SERVER_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_IN_USE, OPERATION_IN_PROGRESS, OPENSTACK_CONFLICT, OPENSTACK_REFUSED, DEADLINE_EXCEEDED, OPERATION_CANCELLED, OPERATION_ABANDONED, PROTECTED */
            409: {
                headers: {
                    /** @description Seconds; with IDEMPOTENCY_KEY_IN_USE alone. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PRECONDITION_FAILED */
            412: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED, IDEMPOTENCY_KEY_REUSED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    serverActionReboot: {
        parameters: {
            query?: {
                /** @description soft asks the guest to, hard cuts its power. Left out: soft. */
                type?: "soft" | "hard";
            };
            header?: {
                /** @description A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice. */
                "Idempotency-Key"?: string;
                /** @description `respond-async`: answer 202 at once. */
                Prefer?: string;
            };
            path: {
                /**
                 * @description Our id of the server.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Accepted; the operation at Location carries it out. */
            202: {
                headers: {
                    /** @description The path of the operation. */
                    Location?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED, SERVER_UPDATE_PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description SERVER_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_IN_USE, SERVER_STATUS_INVALID_TO_REBOOT, OPERATION_IN_PROGRESS */
            409: {
                headers: {
                    /** @description Seconds; with IDEMPOTENCY_KEY_IN_USE alone. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED, IDEMPOTENCY_KEY_REUSED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    serverConsoleOpen: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Our id of the server.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsoleResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED, SERVER_ACCESS_PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description SERVER_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description SERVER_STATUS_INVALID_FOR_CONSOLE, OPENSTACK_REFUSED */
            409: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE, OPENSTACK_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    serverConsoleLog: {
        parameters: {
            query?: {
                /** @description How many lines, counted from the end; 200 if left out. */
                lines?: number;
            };
            header?: {
                /** @description The entity tag of what you have; 304 while it is still the same. */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Our id of the server.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description For If-Match and If-None-Match. */
                    ETag?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsoleLogResponse"];
                };
            };
            /** @description It is what you have. */
            304: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED, SERVER_ACCESS_PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description SERVER_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description SERVER_STATUS_INVALID_FOR_CONSOLE, OPENSTACK_REFUSED */
            409: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE, OPENSTACK_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    serverActionRename: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice. */
                "Idempotency-Key"?: string;
                /** @description The ETag that was read; 412 when it is another now. */
                "If-Match"?: string;
                /** @description `respond-async`: answer 202 at once. */
                Prefer?: string;
            };
            path: {
                /**
                 * @description Our id of the server.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RenameServerRequest"];
            };
        };
        responses: {
            /** @description Renamed. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerResponse"];
                };
            };
            /** @description Accepted; the operation at Location carries it out. */
            202: {
                headers: {
                    /** @description The path of the operation. */
                    Location?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED, SERVER_UPDATE_PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description SERVER_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_IN_USE, OPERATION_IN_PROGRESS, OPENSTACK_CONFLICT, OPENSTACK_REFUSED, DEADLINE_EXCEEDED, OPERATION_CANCELLED, OPERATION_ABANDONED, SERVER_NAME_DUPLICATE */
            409: {
                headers: {
                    /** @description Seconds; with IDEMPOTENCY_KEY_IN_USE alone. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PRECONDITION_FAILED */
            412: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED, IDEMPOTENCY_KEY_REUSED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    serverRefresh: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Our id of the server.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is after the look. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED, SERVER_ACCESS_PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description SERVER_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OPENSTACK_REFUSED */
            409: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE, OPENSTACK_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    serverActionSetStatus: {
        parameters: {
            query: {
                /** @description ACTIVE starts it, SHUTOFF stops it; no other status can be asked for. */
                status: "ACTIVE" | "BUILD" | "DELETED" | "ERROR" | "HARD_REBOOT" | "MIGRATING" | "PASSWORD" | "PAUSED" | "REBOOT" | "REBUILD" | "RESCUE" | "RESIZE" | "REVERT_RESIZE" | "SHELVED" | "SHELVED_OFFLOADED" | "SHUTOFF" | "SOFT_DELETED" | "SUSPENDED" | "UNKNOWN" | "VERIFY_RESIZE";
            };
            header?: {
                /** @description A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice. */
                "Idempotency-Key"?: string;
                /** @description The ETag that was read; 412 when it is another now. */
                "If-Match"?: string;
                /** @description `respond-async`: answer 202 at once. */
                Prefer?: string;
            };
            path: {
                /**
                 * @description Our id of the server.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Accepted; the operation at Location carries it out. */
            202: {
                headers: {
                    /** @description The path of the operation. */
                    Location?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerResponse"];
                };
            };
            /** @description INVALID_SERVER_STATUS_UPDATE_REQUEST, MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED, SERVER_UPDATE_PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description SERVER_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_IN_USE, SERVER_STATUS_INVALID_TO_START, SERVER_STATUS_INVALID_TO_STOP, OPERATION_IN_PROGRESS */
            409: {
                headers: {
                    /** @description Seconds; with IDEMPOTENCY_KEY_IN_USE alone. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PRECONDITION_FAILED */
            412: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED, IDEMPOTENCY_KEY_REUSED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    serverConsoleVncUrl: {
        parameters: {
            query?: never;
            header?: {
                /** @description The entity tag of what you have; 304 while it is still the same. */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Our id of the server.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description For If-Match and If-None-Match. */
                    ETag?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsoleResponse"];
                };
            };
            /** @description It is what you have. */
            304: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED, SERVER_ACCESS_PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description SERVER_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description SERVER_STATUS_INVALID_FOR_CONSOLE, OPENSTACK_REFUSED */
            409: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE, OPENSTACK_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    volumeAttachmentAttach: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice. */
                "Idempotency-Key"?: string;
                /** @description `respond-async`: answer 202 at once. */
                Prefer?: string;
            };
            path: {
                /**
                 * @description Our id of the server.
                 * @example 7
                 */
                server_id: number;
                /**
                 * @description Our id of the volume.
                 * @example 7
                 */
                volume_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The volume is on the server. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerResponse"];
                };
            };
            /** @description Accepted; the operation at Location carries it out. */
            202: {
                headers: {
                    /** @description The path of the operation. */
                    Location?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED, SERVER_ACCESS_PERMISSION_DENIED, VOLUME_ACCESS_PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description SERVER_NOT_FOUND, VOLUME_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_IN_USE, OPERATION_IN_PROGRESS, OPENSTACK_CONFLICT, OPENSTACK_REFUSED, DEADLINE_EXCEEDED, OPERATION_CANCELLED, OPERATION_ABANDONED, VOLUME_ALREADY_ATTACHED, VOLUME_STATUS_INVALID_FOR_ATTACHING, SERVER_STATUS_INVALID_FOR_ATTACHING */
            409: {
                headers: {
                    /** @description Seconds; with IDEMPOTENCY_KEY_IN_USE alone. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED, IDEMPOTENCY_KEY_REUSED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    volumeAttachmentDetach: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice. */
                "Idempotency-Key"?: string;
                /** @description `respond-async`: answer 202 at once. */
                Prefer?: string;
            };
            path: {
                /**
                 * @description Our id of the server.
                 * @example 7
                 */
                server_id: number;
                /**
                 * @description Our id of the volume.
                 * @example 7
                 */
                volume_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The volume is off the server. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerResponse"];
                };
            };
            /** @description Accepted; the operation at Location carries it out. */
            202: {
                headers: {
                    /** @description The path of the operation. */
                    Location?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerResponse"];
                };
            };
            /** @description SERVER_NOT_MATCHED, MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED, SERVER_ACCESS_PERMISSION_DENIED, VOLUME_ACCESS_PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description SERVER_NOT_FOUND, VOLUME_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_IN_USE, OPERATION_IN_PROGRESS, OPENSTACK_CONFLICT, OPENSTACK_REFUSED, DEADLINE_EXCEEDED, OPERATION_CANCELLED, OPERATION_ABANDONED, VOLUME_NOT_ATTACHED_TO_SERVER, CANNOT_DETACH_ROOT_VOLUME */
            409: {
                headers: {
                    /** @description Seconds; with IDEMPOTENCY_KEY_IN_USE alone. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED, IDEMPOTENCY_KEY_REUSED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    userList: {
        parameters: {
            query?: {
                /** @description Exactly this account; finds anyone. */
                account_id?: string;
                /** @description `next_cursor` of the page before; everything else must stay as it was. */
                cursor?: string;
                /** @description Deleted users too; admins only. */
                include_deleted?: boolean;
                /** @description How many entries a page has; without it one page has up to 1,000. */
                limit?: number;
                /** @description Exactly this name, ignoring case. */
                name?: string;
                /** @description The direction; the same as `sort_order`. */
                order?: "asc" | "desc";
                /** @description What the list is sorted by; `created_at` when left out. */
                sort_by?: "created_at" | "account_id" | "name";
                /** @description The direction; the same as `order`. */
                sort_order?: "asc" | "desc";
                /** @description Only this user. */
                user_id?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description The next page, with rel="next"; absent on the last one. */
                    Link?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserListResponse"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    accountSignUp: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice. */
                "Idempotency-Key"?: string;
                /** @description `respond-async`: answer 202 at once. */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignUpRequest"];
            };
        };
        responses: {
            /** @description Signed up. */
            201: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description SIGN_UP_CLOSED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_IN_USE, USER_ACCOUNT_ID_DUPLICATE, OPENSTACK_REFUSED */
            409: {
                headers: {
                    /** @description Seconds; with IDEMPOTENCY_KEY_IN_USE alone. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED, IDEMPOTENCY_KEY_REUSED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OPENSTACK_UNAVAILABLE, DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    userGet: {
        parameters: {
            query?: never;
            header?: {
                /** @description The entity tag of what you have; 304 while it is still the same. */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Our id of the user.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description For If-Match and If-None-Match. */
                    ETag?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserResponse"];
                };
            };
            /** @description It is what you have. */
            304: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description USER_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    accountDelete: {
        parameters: {
            query?: {
                /** @description Answer what the deletion would do as far as the record knows, and do nothing. What only OpenStack knows, such as the snapshots of a volume or a role that comes from a group, can still refuse it. */
                dry_run?: boolean;
            };
            header?: {
                /** @description A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice. */
                "Idempotency-Key"?: string;
                /** @description The ETag that was read; 412 when it is another now. */
                "If-Match"?: string;
                /** @description `respond-async`: answer 202 at once. */
                Prefer?: string;
            };
            path: {
                /**
                 * @description Our id of the user.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description With `dry_run`: what the deletion would do. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeletionPreviewResponse"];
                };
            };
            /** @description Accepted; the operation at Location carries it out. */
            202: {
                headers: {
                    /** @description The path of the operation. */
                    Location?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OperationOnlyResponse"];
                };
            };
            /** @description Deleted. */
            204: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description USER_DELETE_PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description USER_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_IN_USE, OPERATION_IN_PROGRESS, OPENSTACK_CONFLICT, OPENSTACK_REFUSED, DEADLINE_EXCEEDED, OPERATION_CANCELLED, OPERATION_ABANDONED, LAST_USER_DELETION_NOT_ALLOWED, LAST_PROJECT_MEMBER, IMPORTED_USER_DELETION */
            409: {
                headers: {
                    /** @description Seconds; with IDEMPOTENCY_KEY_IN_USE alone. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PRECONDITION_FAILED */
            412: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED, IDEMPOTENCY_KEY_REUSED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    userRename: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice. */
                "Idempotency-Key"?: string;
                /** @description The ETag that was read; 412 when it is another now. */
                "If-Match"?: string;
                /** @description `respond-async`: answer 202 at once. */
                Prefer?: string;
            };
            path: {
                /**
                 * @description Our id of the user.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RenameUserRequest"];
            };
        };
        responses: {
            /** @description Renamed. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description USER_UPDATE_PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description USER_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_IN_USE, OPERATION_IN_PROGRESS */
            409: {
                headers: {
                    /** @description Seconds; with IDEMPOTENCY_KEY_IN_USE alone. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PRECONDITION_FAILED */
            412: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED, IDEMPOTENCY_KEY_REUSED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    accountChangePassword: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Our id of the user.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangePasswordRequest"];
            };
        };
        responses: {
            /** @description Changed. */
            204: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description USER_UPDATE_PERMISSION_DENIED, INVALID_AUTH */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description USER_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS, TOO_MANY_ATTEMPTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE, OPENSTACK_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    catalogVolumeTypes: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before; everything else must stay as it was. */
                cursor?: string;
                /** @description How many entries a page has; without it one page has up to 1,000. */
                limit?: number;
                /** @description The direction; the same as `sort_order`. */
                order?: "asc" | "desc";
                /** @description The direction; the same as `order`. */
                sort_order?: "asc" | "desc";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description The next page, with rel="next"; absent on the last one. */
                    Link?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VolumeTypeListResponse"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE, OPENSTACK_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    volumeList: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before; everything else must stay as it was. */
                cursor?: string;
                /** @description Deleted volumes too; admins only. */
                include_deleted?: boolean;
                /** @description How many entries a page has; without it one page has up to 1,000. */
                limit?: number;
                /** @description The direction; the same as `sort_order`. */
                order?: "asc" | "desc";
                /** @description What the list is sorted by; `created_at` when left out. */
                sort_by?: "name" | "created_at";
                /** @description The direction; the same as `order`. */
                sort_order?: "asc" | "desc";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description The next page, with rel="next"; absent on the last one. */
                    Link?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VolumeListResponse"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    volumeCreate: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice. */
                "Idempotency-Key"?: string;
                /** @description `respond-async`: answer 202 at once. */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateVolumeRequest"];
            };
        };
        responses: {
            /** @description Accepted; the operation at Location carries it out. */
            202: {
                headers: {
                    /** @description The path of the operation. */
                    Location?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VolumeResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VOLUME_TYPE_NOT_FOUND, IMAGE_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_IN_USE, VOLUME_NAME_DUPLICATE */
            409: {
                headers: {
                    /** @description Seconds; with IDEMPOTENCY_KEY_IN_USE alone. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED, IDEMPOTENCY_KEY_REUSED, VOLUME_TOO_SMALL */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    volumeGet: {
        parameters: {
            query?: never;
            header?: {
                /** @description The entity tag of what you have; 304 while it is still the same. */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Our id of the volume.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description For If-Match and If-None-Match. */
                    ETag?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VolumeResponse"];
                };
            };
            /** @description It is what you have. */
            304: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VOLUME_ACCESS_PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VOLUME_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    volumeDelete: {
        parameters: {
            query?: {
                /** @description Answer what the deletion would do as far as the record knows, and do nothing. What only OpenStack knows, such as the snapshots of a volume or a role that comes from a group, can still refuse it. */
                dry_run?: boolean;
            };
            header?: {
                /** @description A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice. */
                "Idempotency-Key"?: string;
                /** @description The ETag that was read; 412 when it is another now. */
                "If-Match"?: string;
                /** @description `respond-async`: answer 202 at once. */
                Prefer?: string;
            };
            path: {
                /**
                 * @description Our id of the volume.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description With `dry_run`: what the deletion would do. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeletionPreviewResponse"];
                };
            };
            /** @description Accepted; the operation at Location carries it out. */
            202: {
                headers: {
                    /** @description The path of the operation. */
                    Location?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VolumeResponse"];
                };
            };
            /** @description Deleted. */
            204: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED, VOLUME_DELETE_PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VOLUME_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_IN_USE, OPERATION_IN_PROGRESS, OPENSTACK_CONFLICT, OPENSTACK_REFUSED, DEADLINE_EXCEEDED, OPERATION_CANCELLED, OPERATION_ABANDONED, ATTACHED_VOLUME_DELETION, VOLUME_STATUS_INVALID_FOR_DELETION, PROTECTED */
            409: {
                headers: {
                    /** @description Seconds; with IDEMPOTENCY_KEY_IN_USE alone. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PRECONDITION_FAILED */
            412: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED, IDEMPOTENCY_KEY_REUSED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    volumeUpdate: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice. */
                "Idempotency-Key"?: string;
                /** @description The ETag that was read; 412 when it is another now. */
                "If-Match"?: string;
                /** @description `respond-async`: answer 202 at once. */
                Prefer?: string;
            };
            path: {
                /**
                 * @description Our id of the volume.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateVolumeRequest"];
            };
        };
        responses: {
            /** @description Renamed, in OpenStack too. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VolumeResponse"];
                };
            };
            /** @description Accepted; the operation at Location carries it out. */
            202: {
                headers: {
                    /** @description The path of the operation. */
                    Location?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VolumeResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED, VOLUME_UPDATE_PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VOLUME_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_IN_USE, OPERATION_IN_PROGRESS, OPENSTACK_CONFLICT, OPENSTACK_REFUSED, DEADLINE_EXCEEDED, OPERATION_CANCELLED, OPERATION_ABANDONED, VOLUME_NAME_DUPLICATE */
            409: {
                headers: {
                    /** @description Seconds; with IDEMPOTENCY_KEY_IN_USE alone. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PRECONDITION_FAILED */
            412: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED, IDEMPOTENCY_KEY_REUSED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    volumeRefresh: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Our id of the volume.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is after the look. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VolumeResponse"];
                };
            };
            /** @description MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED, VOLUME_ACCESS_PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VOLUME_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OPENSTACK_REFUSED */
            409: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE, OPENSTACK_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    volumeResize: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice. */
                "Idempotency-Key"?: string;
                /** @description The ETag that was read; 412 when it is another now. */
                "If-Match"?: string;
                /** @description `respond-async`: answer 202 at once. */
                Prefer?: string;
            };
            path: {
                /**
                 * @description Our id of the volume.
                 * @example 7
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ResizeVolumeRequest"];
            };
        };
        responses: {
            /** @description Made larger. */
            200: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VolumeResponse"];
                };
            };
            /** @description Accepted; the operation at Location carries it out. */
            202: {
                headers: {
                    /** @description The path of the operation. */
                    Location?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VolumeResponse"];
                };
            };
            /** @description VOLUME_RESIZE_NOT_ALLOWED, MALFORMED_REQUEST */
            400: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INVALID_ACCESS_TOKEN */
            401: {
                headers: {
                    /** @description Bearer, and what is wrong with the token that was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PERMISSION_DENIED, VOLUME_UPDATE_PERMISSION_DENIED */
            403: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VOLUME_NOT_FOUND */
            404: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_IN_USE, OPERATION_IN_PROGRESS, OPENSTACK_CONFLICT, OPENSTACK_REFUSED, DEADLINE_EXCEEDED, OPERATION_CANCELLED, OPERATION_ABANDONED, VOLUME_STATUS_INVALID_FOR_RESIZING, QUOTA_EXCEEDED, CAPACITY_UNAVAILABLE */
            409: {
                headers: {
                    /** @description Seconds; with IDEMPOTENCY_KEY_IN_USE alone. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PRECONDITION_FAILED */
            412: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE */
            413: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE */
            415: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED, IDEMPOTENCY_KEY_REUSED */
            422: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_REQUESTS */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description INTERNAL_ERROR */
            500: {
                headers: {
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    /** @description The id of the request, for questions about it; an id that was sent with it is kept. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
