// What administrators may read beside the jobs. A new read is a query of this room, a line here, and a route that
// calls it; nothing in between names it again.

import type { Findings } from '../findings/findings.ts';
import type { OrphanSamples } from '../sync/mongodb/orphan-samples.ts';
import type { SourcePorts } from './observe-sources.ts';
import { createObservedStateReader } from './observed-state.ts';
import { createOverview, type OverviewPorts } from './overview.ts';

export type AdminReadPorts = OverviewPorts &
  SourcePorts & {
    readonly findings: Pick<Findings, 'listOpen'>;
    readonly samples: Pick<OrphanSamples, 'history'>;
  };

export type AdminReads = ReturnType<typeof createAdminReads>;

export function createAdminReads(ports: AdminReadPorts) {
  return {
    overview: createOverview(ports),
    world: createObservedStateReader(ports),
    openFindings: ports.findings.listOpen,
    orphanHistory: ports.samples.history,
  };
}
