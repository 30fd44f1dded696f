// SPDX-License-Identifier: Apache-2.0
// `contentstack` 3.x as a site uses it. A call is [name, host that it reaches, what to do].
import Contentstack from 'contentstack';

import { API_KEY, DELIVERY_TOKEN, PREVIEW_TOKEN, HASH, SCHEME, paged } from './site.mjs';

function stackAt(address, more = {}) {
  const [host, port] = address.split(':');
  const stack = Contentstack.Stack({
    api_key: API_KEY,
    delivery_token: DELIVERY_TOKEN,
    environment: 'production',
    ...more,
  });
  stack.setProtocol(SCHEME);
  stack.setHost(host);
  stack.setPort(Number(port));
  return stack;
}

function deliveryCalls(stack, branched) {
  const blog = () => stack.ContentType('blog');
  const query = () => blog().Query();
  return [
    ['entry', () => blog().Entry('bltaaaa1111').toJSON().fetch()],
    ['entry with references and projection', () => blog().Entry('bltaaaa1111')
      .includeReference('author', 'author.org').only('BASE', ['title', 'url']).language('fr-fr')
      .includeFallback().includeContentType().addParam('include_metadata', 'true').toJSON()
      .fetch()],
    ['entry in a variant', () => blog().Entry('bltaaaa1111').variants(['csv1', 'csv2']).toJSON()
      .fetch()],
    ['entry of another branch', () => branched.ContentType('blog').Entry('bltaaaa1111').toJSON()
      .fetch()],
    ['unknown entry', () => blog().Entry('none').toJSON().fetch()],
    ['unknown content type', () => stack.ContentType('none').Query().toJSON().find()],
    ['list', () => query().toJSON().find()],
    ['list with filter, order and page', () => query().where('url', '/home')
      .includeReference('author').descending('created_at').skip(0).limit(5).includeCount()
      .language('en-us').toJSON().find()],
    ['list with operators', () => query()
      .or(query().where('title', 'A'), query().containedIn('tags', ['x', 'y']))
      .regex('title', '^post 11', 'i').exists('author').except('BASE', ['body']).toJSON().find()],
    ['list by numbers', () => query().greaterThan('price', 4).lessThanOrEqualTo('price', 8)
      .ascending('price').toJSON().find()],
    ['list by a long filter', () => query().containedIn('uid', Array.from({ length: 400 },
      (_, number) => `bltaaaa${String(1100 + number)}`)).toJSON().find()],
    ['list by tags', () => query().tags(['a', 'b']).toJSON().find()],
    ['list by search', () => query().search('post').limit(3).toJSON().find()],
    ['all pages', () => paged(async (skip, limit) => (await query().skip(skip).limit(limit)
      .toJSON().find())[0])],
    ['one', () => query().where('url', '/').toJSON().findOne()],
    ['count', () => query().count().toJSON().find()],
    ['asset', () => stack.Assets('bltasset1').toJSON().fetch()],
    ['assets', () => stack.Assets().Query().includeCount().limit(2).toJSON().find()],
    ['content type', () => blog().fetch()],
    ['content types', () => stack.getContentTypes({ include_global_field_schema: true })],
    ['last activities', () => stack.getLastActivities()],
    ['entries by term', () => stack.Taxonomies().containedIn('taxonomies.color', ['red']).toJSON()
      .find()],
    ['entries below a term', () => query().below('taxonomies.appliances', 'tv').toJSON().find()],
    ['sync', async () => {
      const first = await stack.sync({ init: true });
      const last = await stack.sync({ pagination_token: first.pagination_token });
      return [first, last, await stack.sync({ sync_token: last.sync_token })];
    }],
    ['sync of one type', () => stack.sync({ init: true, content_type_uid: 'page', locale: 'en-us',
      type: 'entry_published' })],
  ];
}

/** Calls of a site without live preview. */
export function delivery(addresses) {
  const stack = stackAt(addresses.delivery);
  const branched = stackAt(addresses.delivery, { branch: 'develop' });
  return deliveryCalls(stack, branched).map(([name, call]) => [name, 'delivery', call]);
}

/** Calls of a site whose stack has live preview on, in this order. */
export function preview(addresses) {
  const stack = stackAt(addresses.delivery, {
    live_preview: { enable: true, host: addresses.preview, preview_token: PREVIEW_TOKEN },
  });
  // Assets keep addressing the delivery host, though with nothing but preview credentials.
  const assets = stackAt(addresses.preview, {
    live_preview: { enable: true, host: addresses.preview, preview_token: PREVIEW_TOKEN },
  });
  const blog = () => stack.ContentType('blog');
  const begin = (which, uid) => which.livePreviewQuery({ live_preview: HASH,
    content_type_uid: 'blog', entry_uid: uid });
  return [
    ['without a session', 'delivery', () => blog().Entry('bltaaaa1111').toJSON().fetch()],
    ['entry', 'preview', () => {
      begin(stack, 'bltaaaa1111');
      return blog().Entry('bltaaaa1111').toJSON().fetch();
    }],
    ['the same entry', 'preview', () => blog().Entry('bltaaaa1111').toJSON().fetch()],
    ['another entry', 'preview', () => stack.ContentType('header').Entry('blthead').toJSON()
      .fetch()],
    ['list', 'preview', () => blog().Query().where('url', '/').includeReference('author').toJSON()
      .find()],
    ['asset', 'preview', () => {
      begin(assets, 'bltaaaa1111');
      return assets.Assets('bltasset1').toJSON().fetch();
    }],
    ['content type', 'delivery', () => blog().fetch()],
    ['after the session', 'delivery', () => {
      stack.livePreviewQuery({});
      return blog().Entry('bltaaaa1111').toJSON().fetch();
    }],
  ];
}
