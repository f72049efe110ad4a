/** Languages of the table, in the order of its columns. */
export const LANGUAGES = ['en', 'de', 'fr', 'es', 'pt', 'it', 'nl'] as const

/**
 * What people call things in their systems: concept, then its words in each language of LANGUAGES, folded (lower case, no accents), several with spaces
 * between. `-` where a language has none of its own. A concept is one noun; `customer group` is two of them.
 */
const PACKED = `
customer|customer client debtor buyer cust|kunde kunden debitor debitoren abnehmer knd|client clients acheteur|cliente clientes comprador|cliente clientes|cliente clienti|klant klanten afnemer debiteur
supplier|supplier vendor creditor suppl|lieferant lieferanten kreditor kreditoren|fournisseur fournisseurs|proveedor proveedores|fornecedor fornecedores|fornitore fornitori|leverancier leveranciers crediteur
item|item product article material sku part prod goods|artikel produkt produkte ware material artikelstamm|article articles produit produits|articulo articulos producto productos|artigo artigos produto produtos|articolo articoli prodotto prodotti|artikel artikelen product producten
employee|employee staff worker emp personnel|mitarbeiter angestellter personal|employe employes salarie personnel|empleado empleados trabajador|empregado funcionario funcionarios|dipendente dipendenti impiegato|medewerker werknemer personeel
contact|contact|kontakt ansprechpartner|contact|contacto|contato contacto|contatto|contact contactpersoon
company|company firm business organisation organization|firma unternehmen gesellschaft mandant|societe entreprise firme|empresa compania firma|empresa firma companhia|azienda ditta societa|bedrijf onderneming
person|person individual|person|personne|persona|pessoa|persona|persoon
user|user login account_user|benutzer anwender|utilisateur|usuario|usuario utilizador|utente|gebruiker
territory|territory area zone|gebiet gebiete bezirk vertriebsgebiet|territoire secteur zone|territorio zona|territorio zona|territorio zona|gebied regio
region|region state province county|region bundesland kanton|region province departement|region provincia estado|regiao provincia estado|regione provincia|regio provincie
department|department division dept|abteilung bereich|departement service|departamento|departamento setor|reparto dipartimento|afdeling
warehouse|warehouse store depot location stockroom|lager lagerort|entrepot magasin depot|almacen deposito|armazem deposito|magazzino deposito|magazijn opslag
order|order orders ord|auftrag auftraege bestellung bestellungen|commande commandes|pedido pedidos orden|pedido pedidos encomenda ordem|ordine ordini|order bestelling bestellingen opdracht
sales|sales sale selling so|verkauf vertrieb vk|vente ventes|venta ventas|venda vendas|vendita vendite|verkoop
purchase|purchase purchasing buying procurement po|einkauf ek bestell|achat achats|compra compras|compra compras|acquisto acquisti|inkoop aankoop
invoice|invoice bill inv|rechnung rechnungen faktura beleg|facture factures|factura facturas|fatura faturas|fattura fatture|factuur facturen
delivery|delivery shipment dispatch deliver shipping ship|lieferung lieferschein versand liefer|livraison expedition|entrega envio|entrega envio|consegna spedizione|levering verzending
receipt|receipt|wareneingang quittung|reception recu|recepcion recibo|recebimento recibo|ricevuta|ontvangst
quotation|quotation quote offer|angebot angebote offerte|devis offre|presupuesto cotizacion oferta|cotacao orcamento|preventivo offerta|offerte
payment|payment pay paid|zahlung zahlungen|paiement reglement|pago pagos|pagamento|pagamento|betaling
journal|journal booking posting entry|buchung buchungen journal|ecriture journal|asiento diario|lancamento diario|registrazione giornale|boeking journaal
line|line lines detail details row position pos items|position positionen zeile zeilen posten|ligne lignes detail|linea lineas detalle detalles|linha linhas detalhe|riga righe dettaglio|regel regels detail
project|project proj|projekt projekte|projet projets|proyecto proyectos|projeto projetos|progetto progetti|project projecten
task|task job activity_task|aufgabe aufgaben|tache taches|tarea tareas|tarefa tarefas|compito attivita|taak taken
ticket|ticket issue case incident complaint|ticket stoerung anfrage reklamation|ticket incident|incidencia tique|chamado ocorrencia|segnalazione|melding
lead|lead prospect opportunity|interessent|prospect piste|prospecto|prospecto|potenziale|prospect
activity|activity event interaction log history|aktivitaet verlauf historie protokoll|activite historique|actividad historial|atividade historico|storico|activiteit historie
note|note remark comment memo notes remarks comments|bemerkung notiz kommentar anmerkung bemerkungen notizen|note remarque commentaire observation|nota comentario observacion observaciones|nota comentario observacao|nota commento osservazione|notitie opmerking opmerkingen
group|group category class type_group family segment|gruppe gruppen kategorie warengruppe klasse|groupe categorie famille classe|grupo categoria familia|grupo categoria familia|gruppo categoria famiglia|groep categorie
price|price prices unitprice rate tariff|preis preise ep einzelpreis|prix tarif|precio precios tarifa|preco precos tarifa|prezzo prezzi tariffa|prijs prijzen
list|list|liste|liste|lista|lista|lista|lijst
stock|stock inventory onhand|bestand lagerbestand vorrat|stock inventaire|existencias inventario|estoque inventario|giacenza inventario|voorraad
unit|unit uom measure units|einheit me mengeneinheit|unite|unidad|unidade|unita|eenheid
account|account acct ledger|konto konten sachkonto|compte|cuenta|conta|conto|rekening grootboek
bank|bank|bank|banque|banco|banco|banca|bank
name|name title label|name bezeichnung titel benennung|nom intitule libelle titre designation|nombre titulo denominacion|nome titulo denominacao|nome titolo denominazione|naam titel benaming
first|first given fname forename|vorname|prenom|primer|primeiro|primo|voornaam
last|last family surname lname|nachname familienname zuname|famille|apellido apellidos|sobrenome apelido ultimo|cognome ultimo|achternaam
salutation|salutation courtesy honorific|anrede|civilite|tratamiento saludo|tratamento|saluto|aanhef
designation|designation jobtitle position_title function role|funktion stelle|fonction poste|cargo puesto|cargo funcao|mansione qualifica|functie
description|description descr desc text body content summary details_text|beschreibung text inhalt|description texte contenu|descripcion texto contenido|descricao texto conteudo|descrizione testo contenuto|omschrijving beschrijving tekst
subject|subject topic|betreff thema|sujet objet|asunto tema|assunto|oggetto|onderwerp
address|address addr addresses|adresse adressen anschrift|adresse adresses|direccion direcciones domicilio|endereco enderecos morada|indirizzo indirizzi|adres adressen
street|street road line1|strasse str|rue voie|calle|rua|strada|straat
zip|zip postal postcode zipcode postalcode pincode plz|plz postleitzahl|cp postal|cp postal codigopostal|cep postal|cap|postcode
city|city town place|ort stadt|ville localite|ciudad localidad poblacion|cidade localidade|citta localita|stad plaats woonplaats
country|country nation|land staat|pays|pais|pais|paese nazione|land
phone|phone telephone tel mobile cell homephone extension|telefon tel handy mobil|telephone tel portable|telefono tel movil|telefone tel celular|telefono tel cellulare|telefoon tel mobiel
fax|fax|fax|telecopie|fax|fax|fax|fax
email|email mail|email mail|courriel email mail|correo email|email correio|email posta|email mail
website|website url homepage web www|website internet webseite|site web|web sitio|site|sito|website
tax|tax vat gst|steuer ust mwst umsatzsteuer mehrwertsteuer|tva taxe|iva impuesto|iva imposto|iva imposta|btw belasting
iban|iban|iban|iban|iban|iban|iban|iban
bic|bic swift|bic|bic|bic|bic|bic|bic
currency|currency curr|waehrung|devise monnaie|moneda divisa|moeda|valuta moneta|valuta munt
exchange|exchange conversion fx|kurs wechselkurs|change taux|cambio|cambio|cambio|wisselkoers
amount|amount sum value amt|betrag summe wert|montant somme|importe monto|valor montante quantia|importo somma|bedrag
total|total|gesamt summe gesamtbetrag|total|total|total|totale|totaal
net|net netto|netto|net|neto|liquido|netto|netto
gross|gross grand brutto|brutto|brut|bruto|bruto|lordo|bruto
quantity|quantity qty count pieces|menge anzahl stueck|quantite qte|cantidad|quantidade qtd|quantita|hoeveelheid aantal
discount|discount rebate|rabatt nachlass skonto|remise rabais|descuento|desconto|sconto|korting
percent|percent percentage pct|prozent|pourcent pourcentage|porcentaje|porcentagem|percentuale|procent
freight|freight carriage|fracht|port fret|flete portes|frete|trasporto|vracht
limit|limit|limit grenze|limite plafond|limite|limite|limite|limiet
credit|credit|kredit|credit|credito|credito|credito|krediet
weight|weight|gewicht|poids|peso|peso|peso|gewicht
date|date day datetime|datum tag|date jour|fecha dia|data dia|data giorno|datum dag
created|created creation entered added|angelegt erstellt erfasst anlage|cree creation|creado creacion alta|criado criacao|creato creazione|aangemaakt
modified|modified updated changed|geaendert aenderung|modifie|modificado|modificado alterado|modificato|gewijzigd
since|since joined hired hire joining opened at on|seit eintritt eroeffnet|depuis embauche ouvert|desde ingreso|desde admissao|dal assunzione|sinds vanaf
due|due required wanted requested|faellig faelligkeit wunsch gewuenscht|echeance du|vencimiento|vencimento|scadenza|verval
start|start begin from starting valid|beginn anfang ab gueltig|debut|inicio|inicio|inizio|begin start
end|end finish until ending|ende bis schluss|fin|fin|fim termino|fine|einde
birth|birth birthday born dob|geburt geburtsdatum geburtstag|naissance|nacimiento|nascimento|nascita|geboorte
gender|gender sex|geschlecht|sexe genre|sexo genero|sexo genero|sesso genere|geslacht
status|status state stage phase|status zustand stand|statut etat|estado estatus|status situacao estado|stato|status toestand
priority|priority urgency|prioritaet dringlichkeit|priorite|prioridad|prioridade|priorita|prioriteit
type|type kind|art typ|type genre|tipo clase|tipo|tipo|soort type
active|active enabled is_active|aktiv|actif|activo|ativo|attivo|actief
blocked|blocked disabled inactive locked discontinued|gesperrt inaktiv|bloque inactif|bloqueado inactivo|bloqueado inativo|bloccato inattivo|geblokkeerd inactief
default|default primary main|standard haupt|defaut principal|principal predeterminado|padrao principal|predefinito principale|standaard hoofd
parent|parent superior above upper reports reportsto|ober uebergeordnet eltern vorgesetzter obergruppe|parent superieur|padre superior|pai superior|padre superiore|bovenliggend ouder
manager|manager supervisor boss head lead_by|leiter chef vorgesetzter|responsable chef|jefe gerente|gerente chefe|responsabile capo|manager leidinggevende
effort|effort hours hour duration|aufwand stunden dauer|effort heures duree|esfuerzo horas duracion|esforco horas duracao|ore durata|uren inspanning
reporter|reporter raised requester sender author|melder absender verfasser|demandeur auteur expediteur|solicitante autor|solicitante autor|richiedente autore|melder afzender
salary|salary wage pay_rate|gehalt lohn|salaire|salario|salario|stipendio|salaris loon
photo|photo picture image|foto bild|photo image|foto imagen|foto imagem|foto immagine|foto afbeelding
shipper|shipper carrier forwarder transporter|spediteur frachtfuehrer|transporteur|transportista|transportadora|corriere vettore|vervoerder
tree|is_group folder|ordner|-|-|-|-|-
language|language lang|sprache|langue|idioma|idioma lingua|lingua|taal
cost|cost|kosten|cout|coste costo|custo|costo|kosten
term|term terms condition conditions|bedingung zahlungsbedingung kondition|condition conditions|condicion condiciones|condicao condicoes|condizione condizioni|voorwaarde
batch|batch lot|charge|lot|lote|lote|lotto|partij
serial|serial|serie|serie|serie|serie|serie|serie
barcode|barcode ean gtin upc|barcode strichcode|-|-|-|-|-
contract|contract agreement|vertrag vertraege|contrat|contrato|contrato|contratto|contract
asset|asset equipment machine|anlage anlagegut maschine|immobilisation equipement|activo_fijo equipo|ativo_fixo equipamento|cespite attrezzatura|activa
demographic|demographic demographics|-|-|-|-|-|-
`

export interface WordRow { concept: string; words: Record<(typeof LANGUAGES)[number], string[]> }

export const WORDS: readonly WordRow[] = PACKED.trim().split('\n').map((line) => {
  const [concept = '', ...columns] = line.split('|')
  return { concept, words: Object.fromEntries(LANGUAGES.map((language, i) => [language, (columns[i] ?? '-').split(' ').filter((word) => word !== '-' && word !== '')])) as WordRow['words'] }
})

/** Words that say `this identifies something`, in all languages: a column's meaning is what is left without them. */
export const ID_WORDS: ReadonlySet<string> = new Set('id ids codigo no nr num number nummer numero code cod kode key schluessel kennung kenn ref reference referenz uid guid uuid fk pk idnr matricule clave chave codice chiave sleutel nummern kuerzel ident'.split(' '))

/** Words that say nothing in a name. */
export const EMPTY_WORDS: ReadonlySet<string> = new Set('the of de da do la le el der die das des von vom zu for by to per and und y e et en van het tbl tab table t vw view is has ist hat data dat stamm master mst dbo public'.split(' '))
