# The API and the workers run from source: there is nothing to build, so the image is Node, the
# production packages and the project.
FROM node:26-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
COPY packages/saga/package.json ./packages/saga/
# The base image is the runtime; the package that brings one to older machines has no work here.
# Of firebase-admin only Auth is used, without its optional clients; maps and types are for developers.
RUN npm ci --omit=dev --omit=optional --ignore-scripts && rm -f node_modules/.bin/node \
  && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete

FROM node:26-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY package.json ./
COPY packages ./packages
COPY web ./web
COPY src ./src
COPY workers ./workers
COPY scripts/pool-state.ts ./scripts/pool-state.ts
COPY fixtures ./fixtures
# The state file of the pools and its lock live here; the volume that is mounted keeps this owner.
RUN mkdir -p /data && chown node:node /data
USER node
VOLUME /data
ENV DATA_DIR=/data HOST=0.0.0.0 PORT=3000
EXPOSE 3000
CMD ["node", "--max-semi-space-size=8", "src/main/server.ts"]
