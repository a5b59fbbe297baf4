// What the cases send.
export const UNKNOWN = "0".repeat(32);
export const INCHES = { distanceUnit: "in" };

export const sender = (changes = {}) => ({
  name: "Alice Example",
  company: "Alice Ltd",
  street1: "215 Clayton St",
  city: "San Francisco",
  state: "CA",
  zip: "94117",
  country: "US",
  phone: "+1 555 341 9393",
  email: "alice@example.com",
  ...changes,
});

export const buyer = (changes = {}) =>
  sender({ name: "Carla Buyer", street1: "965 Mission St", street2: "Ste 572", zip: "94103", ...changes });

export const buyerAbroad = () =>
  sender({ name: "Tom Sample", street1: "159 Broadhurst Gardens", city: "London", state: "", zip: "NW6 3AU", country: "GB" });

export const parcel = (changes = {}) => ({
  length: "10",
  width: "8",
  height: "4.5",
  distanceUnit: "in",
  weight: "2",
  massUnit: "lb",
  ...changes,
});

export const customsItem = (changes = {}) => ({
  description: "Brass compass",
  quantity: 1,
  netWeight: "1.5",
  massUnit: "lb",
  valueAmount: "20",
  valueCurrency: "USD",
  originCountry: "US",
  ...changes,
});

export const declaration = (changes = {}) => ({
  contentsType: "MERCHANDISE",
  nonDeliveryOption: "RETURN",
  certify: true,
  certifySigner: "Alice Example",
  incoterm: "DDP",
  eelPfc: "NOEEI_30_37_a",
  items: [customsItem()],
  ...changes,
});

export const shipment = (changes = {}) => ({
  addressFrom: sender(),
  addressTo: buyer(),
  parcels: [parcel()],
  async: false,
  ...changes,
});

export const lineItem = () => ({
  title: "Demo magazine",
  sku: "DM-123",
  quantity: 1,
  totalPrice: "12.10",
  currency: "USD",
  weight: "0.40",
  weightUnit: "lb",
});

export const order = (changes = {}) => ({
  toAddress: buyer(),
  fromAddress: sender(),
  lineItems: [lineItem()],
  placedAt: moment(),
  orderNumber: "#1068",
  orderStatus: "PAID",
  shippingCost: "12.83",
  shippingCostCurrency: "USD",
  shippingMethod: "USPS First Class Package",
  subtotalPrice: "12.10",
  totalPrice: "24.93",
  totalTax: "0.00",
  currency: "USD",
  weight: "0.40",
  weightUnit: "lb",
  ...changes,
});

export const later = (hours = 0) => new Date(Date.now() + hours * 3_600_000);
export const moment = (hours = 0) => later(hours).toISOString();

// A label of a fresh shipment.
export async function bought({ sdk, usps }) {
  const made = await sdk.shipments.create(shipment({ carrierAccounts: [usps] }));
  return sdk.transactions.create({ rate: made.rates[0].objectId, async: false });
}
