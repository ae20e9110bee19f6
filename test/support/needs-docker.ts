/** Stands at the end of a skipped block's title, where the closing line finds the reason. */
export const NEEDS_DOCKER = 'needs Docker: ';
