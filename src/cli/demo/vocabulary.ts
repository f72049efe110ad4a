/** Word lists from which the demo business is made. Everything is invented; letters stay inside the encoding of the export they go to. */
export const FIRST_NAMES = ['Anna', 'Björn', 'Chloé', 'Dieter', 'Élise', 'François', 'Greta', 'Hans', 'Inès', 'Jürgen', 'Käthe', 'Lars', 'María', 'Nuno', 'Özlem', 'Paulo',
  'Renée', 'Sören', 'Thérèse', 'Ulrich', 'Véronique', 'Walter', 'Xavier', 'Yvonne', 'Zoë', 'Andrés', 'Beatriz', 'Conceição', 'Günther', 'Mårten']

export const LAST_NAMES = ['Müller', 'Schäfer', 'Weiß', 'Größler', 'Lefèvre', 'García', 'Núñez', 'Sørensen', 'Åkesson', 'Dubois', 'Fernández', 'Köhler', 'Öztürk', 'Ibáñez', 'Moreau',
  'Jäger', 'Krüger', 'Böhm', 'Châtelain', 'Ferreira', 'Gonçalves', 'Hübner', 'Lindström', 'Nyström', 'Petit', 'Rößler', 'Silva', 'Vogel', 'Zimmermann', 'O\'Neill']

export const TRADES = ['Feinkost', 'Maschinenbau', 'Elektro', 'Bau', 'Papeterie', 'Textil', 'Import', 'Logistik', 'Möbel', 'Gastro', 'Pharma', 'Sanitär', 'Optik', 'Sport', 'Garten',
  'Chimie', 'Vins', 'Conservas', 'Cerámica', 'Café', 'Bijouterie', 'Druck', 'Metall', 'Holz', 'Kälte']

export const LEGAL_FORMS = ['GmbH', 'AG', 'KG', 'OHG', 'e.K.', 'S.A.', 'S.L.', 'SARL', 'Lda.', 'ApS', 'AB', 'GmbH & Co. KG']

/** City, postal code, country as the legacy system spells it, territory key. */
export const CITIES: readonly (readonly [string, string, string, string])[] = [
  ['Berlin', '10115', 'Deutschland', 'DE-O'], ['München', '80331', 'Deutschland', 'DE-S'], ['Köln', '50667', 'DE', 'DE-W'], ['Düsseldorf', '40213', 'Germany', 'DE-W'],
  ['Nürnberg', '90402', 'Deutschland', 'DE-S'], ['Paris', '75001', 'France', 'FR-N'], ['Orléans', '45000', 'Frankreich', 'FR-N'], ['Nîmes', '30000', 'FR', 'FR-S'],
  ['Málaga', '29001', 'España', 'ES-S'], ['A Coruña', '15001', 'Spanien', 'ES-N'], ['Århus', '8000', 'Dänemark', 'DK'], ['Malmö', '21119', 'Sweden', 'SE'],
  ['Zürich', '8001', 'Schweiz', 'CH'], ['Genève', '1201', 'Suisse', 'CH'], ['Wien', '1010', 'Österreich', 'AT'], ['Lisboa', '1100-148', 'Portugal', 'PT'],
]

export const STREETS = ['Hauptstraße', 'Bahnhofstr.', 'Rue de la République', 'Calle Mayor', 'Gartenweg', 'Am Mühlbach', 'Avenida da Liberdade', 'Skånegatan', 'Lindenallee', 'Quai Saint-Michel']

/** Supplier names: letters of Windows-1250, which the purchasing export uses. */
export const SUPPLIER_NAMES = ['Wrocław Stal', 'Łódź Tekstylia', 'Brno Sklo', 'Plzeň Pivo', 'Győr Gép', 'Košice Papier', 'Kraków Chemia', 'Żywiec Drewno', 'Třinec Ocel', 'Škoda Díly',
  'Gdańsk Porcelana', 'Debrecen Élelmiszer', 'Zlín Obuv', 'Poznań Opakowania', 'Žilina Kov']

export const SUPPLIER_CITIES: readonly (readonly [string, string])[] = [['Wrocław', 'Poland'], ['Łódź', 'Poland'], ['Brno', 'Czech Republic'], ['Plzeň', 'Czech Republic'],
  ['Győr', 'Hungary'], ['Košice', 'Slovakia'], ['Kraków', 'Poland'], ['Gdańsk', 'Poland']]

export const PRODUCT_ADJECTIVES = ['Compact', 'Heavy-duty', 'Premium', 'Eco', 'Classic', 'Industrial', 'Slim', 'Universal', 'Outdoor', 'Silent']
export const PRODUCT_NOUNS = ['Pump', 'Valve', 'Cable', 'Lamp', 'Chair', 'Drill', 'Filter', 'Sensor', 'Bracket', 'Motor', 'Switch', 'Hose', 'Clamp', 'Bearing', 'Panel', 'Crate', 'Glove', 'Ladder', 'Tape', 'Wheel']

export const CUSTOMER_GROUPS: readonly (readonly [string, string, string | null, boolean])[] = [
  ['G', 'Handel', null, true], ['G1', 'Großhandel', 'G', false], ['G2', 'Einzelhandel', 'G', false], ['G3', 'Online-Handel', 'G', false],
  ['I', 'Industrie', null, true], ['I1', 'Automobil', 'I', false], ['I2', 'Lebensmittel', 'I', false], ['O', 'Öffentliche Hand', null, false], ['P', 'Privatkunden', null, false],
]

export const TERRITORIES: readonly (readonly [string, string, string | null, boolean])[] = [
  ['EU', 'Europa', null, true], ['DE', 'Deutschland Vertrieb', 'EU', true], ['DE-O', 'Deutschland Ost', 'DE', false], ['DE-S', 'Deutschland Süd', 'DE', false], ['DE-W', 'Deutschland West', 'DE', false],
  ['FR', 'France Ventes', 'EU', true], ['FR-N', 'France Nord', 'FR', false], ['FR-S', 'France Sud', 'FR', false], ['ES', 'Iberia Ventas', 'EU', true], ['ES-N', 'España Norte', 'ES', false],
  ['ES-S', 'España Sur', 'ES', false], ['PT', 'Portugal Vendas', 'ES', false], ['DK', 'Danmark Salg', 'EU', false], ['SE', 'Sverige Försäljning', 'EU', false], ['CH', 'Schweiz Vertrieb', 'EU', false],
  ['AT', 'Österreich Vertrieb', 'EU', false],
]

export const ITEM_GROUPS = ['Tools', 'Lighting', 'Fluid Handling', 'Furniture', 'Electrical', 'Safety', 'Packaging', 'Drives', 'Fasteners', 'Spare Parts']
export const DEPARTMENTS = ['Sales', 'Purchase', 'Operations', 'Accounts']
export const TICKET_SUBJECTS = ['Invoice not received', 'Damaged on delivery', 'Wrong quantity', 'Price question', 'Cannot log in', 'Return request', 'Late delivery', 'Missing certificate']
export const ACTIVITY_TEXTS = ['Called back, wants an offer', 'Visited at the fair', 'Sent the catalogue', 'Asked for a discount', 'New contact person', 'Complaint settled', 'Reminder sent', 'Agreed on payment plan']
