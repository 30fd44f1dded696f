// SPDX-License-Identifier: Apache-2.0
// `@contentstack/delivery-sdk` 5.x as a site uses it. A call is [name, host that it reaches, what to
// do].
import contentstack, { QueryOperation, QueryOperator, TaxonomyQueryOperation } from
  '@contentstack/delivery-sdk';

import { API_KEY, DELIVERY_TOKEN, PREVIEW_TOKEN, HASH, SCHEME, paged } from './site.mjs';

function stackAt(address, more = {}) {
  return contentstack.stack({
    apiKey: API_KEY,
    deliveryToken: DELIVERY_TOKEN,
    environment: 'production',
    endpoint: `${SCHEME}://${address}/v3`,
    ...more,
  });
}

/** The other way to name a host, and to speak plain HTTP. */
function insecureStackAt(address) {
  const [host, port] = address.split(':');
  return stackAt(address,
    { endpoint: undefined, insecure: SCHEME === 'http', host, port: Number(port) });
}

function entryCalls(stack, branched, insecure) {
  const blog = (uid) => stack.contentType('blog').entry(uid);
  return [
    ['entry', () => blog('bltaaaa1111').fetch()],
    ['entry by host and port', () => insecure.contentType('blog').entry('bltaaaa1112').fetch()],
    ['entry with references and projection', () => blog('bltaaaa1111')
      .includeReference('author', 'author.org').only(['title', 'url']).locale('fr-fr')
      .includeFallback().includeMetadata().includeBranch().includeContentType().fetch()],
    ['entry in a variant', () => blog('bltaaaa1111').variants(['csv1', 'csv2']).fetch()],
    ['entry of another branch', () => branched.contentType('blog').entry('bltaaaa1111').fetch()],
    ['unknown entry', () => blog('none').fetch()],
    ['unknown content type', () => stack.contentType('none').entry().find()],
  ];
}

function listCalls(stack) {
  const entries = () => stack.contentType('blog').entry();
  const query = () => entries().query();
  return [
    ['list', () => entries().find()],
    ['list with filter, order and page', () => entries().locale('en-us').includeReference('author')
      .query().where('url', QueryOperation.EQUALS, '/home').orderByDescending('created_at').skip(0)
      .limit(5).includeCount().find()],
    ['list with operators', () => entries().except('body').query()
      .queryOperator(QueryOperator.OR, query().equalTo('title', 'A'),
        query().containedIn('tags', ['x', 'y']))
      .regex('title', '^post 11', 'i').exists('author').find()],
    ['list by numbers', () => query().greaterThan('price', 4).lessThanOrEqualTo('price', 8)
      .orderByAscending('price').find()],
    ['list by reference', () => query().referenceIn('author', stack.contentType('author').entry()
      .query().equalTo('name', 'Author 3')).find()],
    ['list by a long filter', () => query().containedIn('uid', Array.from({ length: 600 },
      (_, number) => `bltaaaa${String(1100 + number)}`)).find()],
    ['list by search', () => query().search('post').limit(3).find()],
    ['all pages', () => paged(async (skip, limit) => (await query().skip(skip).limit(limit)
      .find()).entries)],
    ['entries below a term', () => query()
      .where('taxonomies.appliances', TaxonomyQueryOperation.BELOW, 'tv', { levels: 2 }).find()],
  ];
}

function otherCalls(stack) {
  const color = () => stack.taxonomy('color');
  return [
    ['asset', () => stack.asset('bltasset1').includeDimension().relativeUrls().fetch()],
    ['assets', () => stack.asset().query().limit(2).includeCount().find()],
    ['asset by name', () => stack.asset().query()
      .where('filename', QueryOperation.EQUALS, 'a.png').find()],
    ['content type', () => stack.contentType('blog').fetch()],
    ['content types', () => stack.contentType().includeGlobalFieldSchema().find()],
    ['last activities', () => stack.getLastActivities()],
    ['global field', () => stack.globalField('seo').fetch()],
    ['global fields', () => stack.globalField().find()],
    ['taxonomies', () => stack.taxonomy().find()],
    ['taxonomy', () => color().fetch()],
    ['terms', () => color().term().depth(2).includeCount().find()],
    ['term', () => color().term('red').fetch()],
    ['locales of a term', () => color().term('red').locales()],
    ['ancestors of a term', () => color().term('red').ancestors()],
    ['descendants of a term', () => color().term('red').descendants()],
    ['sync', async () => {
      const first = await stack.sync();
      const last = await stack.sync({ paginationToken: first.pagination_token });
      return [first, last, await stack.sync({ syncToken: last.sync_token })];
    }],
    ['sync in one go', () => stack.sync({}, true)],
    ['sync of some types', () => stack.sync({ locale: 'en-us', contentTypeUid: 'page',
      type: ['entry_published', 'asset_published'] })],
  ];
}

/** Calls of a site without live preview. */
export function delivery(addresses) {
  const stack = stackAt(addresses.delivery);
  const branched = stackAt(addresses.delivery, { branch: 'develop' });
  const insecure = insecureStackAt(addresses.delivery);
  return [...entryCalls(stack, branched, insecure), ...listCalls(stack), ...otherCalls(stack)]
    .map(([name, call]) => [name, 'delivery', call]);
}

/** The library forces https on the preview host, which the sandbox does not speak. */
const plainHttp = {
  onRequest(request) {
    return { ...request, url: request.url.replace(/^https:/, 'http:') };
  },
  onResponse(_request, response) {
    return response;
  },
};

/** Calls of a site whose stack has live preview on, in this order. */
export function preview(addresses) {
  const stack = stackAt(addresses.delivery, {
    live_preview: { enable: true, host: addresses.preview, preview_token: PREVIEW_TOKEN },
    plugins: SCHEME === 'http' ? [plainHttp] : [],
  });
  const blog = (uid) => stack.contentType('blog').entry(uid);
  const begin = (more) => stack.livePreviewQuery({ live_preview: HASH, contentTypeUid: 'blog',
    entryUid: 'bltaaaa1111', ...more });
  return [
    ['without a session', 'delivery', () => blog('bltaaaa1111').fetch()],
    ['without a session, again', 'delivery', () => blog('bltaaaa1111').fetch()],
    ['entry', 'preview', () => {
      begin();
      return blog('bltaaaa1111').fetch();
    }],
    ['the same entry', 'preview', () => blog('bltaaaa1111').fetch()],
    ['another entry', 'preview', () => stack.contentType('header').entry('blthead').fetch()],
    ['list', 'preview', () => blog().includeReference('author').query()
      .where('url', QueryOperation.EQUALS, '/').find()],
    ['asset', 'preview', () => stack.asset('bltasset1').fetch()],
    ['taxonomy', 'preview', () => stack.taxonomy('color').fetch()],
    ['sync', 'preview', () => stack.sync()],
    ['on a timeline', 'preview', () => {
      begin({ release_id: 'rel1', preview_timestamp: '2026-01-01T00:00:00.000Z' });
      return blog('bltaaaa1111').fetch();
    }],
    ['after the session', 'delivery', () => {
      stack.livePreviewQuery({});
      return blog('bltaaaa1111').fetch();
    }],
  ];
}
