/** HTML elements Frappe 15 keeps; others become text. */
export const ELEMENTS: ReadonlySet<string> = new Set((
  'a abbr acronym address area article aside audio b big blockquote br button canvas caption center cite code col colgroup command datagrid datalist dd ' +
  'del details dfn dialog dir div dl dt em event-source fieldset figcaption figure font footer form h1 h2 h3 h4 h5 h6 header hr i img input ins kbd ' +
  'keygen label legend li m map mark menu meter multicol nav nextid ol optgroup option output p pre progress q s samp section select small sound source ' +
  'spacer span strike strong sub summary sup table tbody td textarea tfoot th thead time tr tt u ul var video'
).split(' '))

/** Attributes it keeps, beside `data-*`. */
export const ATTRIBUTES: ReadonlySet<string> = new Set((
  'abbr accept accept-charset accesskey action align allowfullscreen alt autocomplete autofocus axis background balance bgcolor bgproperties border ' +
  'bordercolor bordercolordark bordercolorlight bottompadding cellpadding cellspacing ch challenge char charoff charset checked choff cite class clear ' +
  'color cols colspan compact content contenteditable controls coords data data-comment data-denotation-char data-gramm data-id data-is-group ' +
  'data-language data-list data-mode data-placeholder data-row data-value datafld datapagesize datasrc datetime default delay dir disabled draggable ' +
  'dynsrc enctype end face for form frame frameborder galleryimg gutter headers height hidden hidefocus high href hreflang hspace icon id inputmode ' +
  'ismap itemid itemprop itemref itemscope itemtype keytype label lang leftspacing list longdesc loop loopcount loopend loopstart low lowsrc max ' +
  'maxlength media method min multiple name nohref noshade nowrap open optimum pattern ping point-size poster pqg preload prompt radiogroup readonly rel ' +
  'repeat-max repeat-min replace required rev rightspacing role rows rowspan rules scope selected shape size span spellcheck src start step style ' +
  'summary suppress tabindex target template title toppadding type unselectable urn usemap valign value variable volume vrml vspace width wrap xml:lang'
).split(' '))

/** Attributes that hold an address. */
export const URI_ATTRIBUTES: ReadonlySet<string> = new Set((
  'action background cite datasrc dynsrc href longdesc lowsrc ping poster src'
).split(' '))

/** CSS properties it keeps in `style`. */
export const STYLES: ReadonlySet<string> = new Set((
  '-moz-appearance -moz-binding -moz-border-bottom-colors -moz-border-end -moz-border-end-color -moz-border-end-style -moz-border-end-width ' +
  '-moz-border-left-colors -moz-border-right-colors -moz-border-start -moz-border-start-color -moz-border-start-style -moz-border-start-width ' +
  '-moz-border-top-colors -moz-box-align -moz-box-direction -moz-box-flex -moz-box-ordinal-group -moz-box-orient -moz-box-pack -moz-column-count ' +
  '-moz-column-fill -moz-column-gap -moz-column-rule -moz-column-rule-color -moz-column-rule-style -moz-column-rule-width -moz-column-width -moz-columns ' +
  '-moz-control-character-visibility -moz-float-edge -moz-force-broken-image-icon -moz-hyphens -moz-image-region -moz-margin-end -moz-margin-start ' +
  '-moz-math-display -moz-math-variant -moz-orient -moz-osx-font-smoothing -moz-outline-radius -moz-outline-radius-bottomleft ' +
  '-moz-outline-radius-bottomright -moz-outline-radius-topleft -moz-outline-radius-topright -moz-padding-end -moz-padding-start -moz-script-level ' +
  '-moz-script-min-size -moz-script-size-multiplier -moz-stack-sizing -moz-tab-size -moz-text-align-last -moz-text-size-adjust -moz-user-focus ' +
  '-moz-user-input -moz-user-modify -moz-user-select -moz-window-dragging -moz-window-shadow -ms-accelerator -ms-block-progression ' +
  '-ms-content-zoom-chaining -ms-content-zoom-limit -ms-content-zoom-limit-max -ms-content-zoom-limit-min -ms-content-zoom-snap ' +
  '-ms-content-zoom-snap-points -ms-content-zoom-snap-type -ms-content-zooming -ms-flex-align -ms-flex-item-align -ms-flex-line-pack -ms-flex-negative ' +
  '-ms-flex-order -ms-flex-pack -ms-flex-positive -ms-flex-preferred-size -ms-flow-from -ms-flow-into -ms-grid-column -ms-grid-column-align ' +
  '-ms-grid-column-span -ms-grid-columns -ms-grid-row -ms-grid-row-align -ms-grid-row-span -ms-grid-rows -ms-high-contrast-adjust ' +
  '-ms-hyphenate-limit-chars -ms-hyphenate-limit-lines -ms-hyphenate-limit-zone -ms-hyphens -ms-ime-align -ms-interpolation-mode -ms-overflow-style ' +
  '-ms-scroll-chaining -ms-scroll-limit -ms-scroll-limit-x-max -ms-scroll-limit-x-min -ms-scroll-limit-y-max -ms-scroll-limit-y-min -ms-scroll-rails ' +
  '-ms-scroll-snap-points-x -ms-scroll-snap-points-y -ms-scroll-snap-type -ms-scroll-snap-x -ms-scroll-snap-y -ms-scroll-translation ' +
  '-ms-scrollbar-3dlight-color -ms-text-combine-horizontal -ms-text-size-adjust -ms-touch-select -ms-user-select -ms-wrap-flow -ms-wrap-margin ' +
  '-ms-wrap-through -webkit-app-region -webkit-appearance -webkit-aspect-ratio -webkit-backdrop-filter -webkit-backface-visibility ' +
  '-webkit-background-composite -webkit-border-after -webkit-border-after-color -webkit-border-after-style -webkit-border-after-width ' +
  '-webkit-border-before -webkit-border-before-color -webkit-border-before-style -webkit-border-before-width -webkit-border-end -webkit-border-end-color ' +
  '-webkit-border-end-style -webkit-border-end-width -webkit-border-fit -webkit-border-horizontal-spacing -webkit-border-start ' +
  '-webkit-border-start-color -webkit-border-start-style -webkit-border-start-width -webkit-border-vertical-spacing -webkit-box-align ' +
  '-webkit-box-decoration-break -webkit-box-direction -webkit-box-flex -webkit-box-flex-group -webkit-box-lines -webkit-box-ordinal-group ' +
  '-webkit-box-orient -webkit-box-pack -webkit-box-reflect -webkit-clip-path -webkit-color-correction -webkit-column-axis -webkit-column-break-after ' +
  '-webkit-column-break-before -webkit-column-break-inside -webkit-column-count -webkit-column-gap -webkit-column-rule -webkit-column-rule-color ' +
  '-webkit-column-rule-style -webkit-column-rule-width -webkit-column-span -webkit-column-width -webkit-columns -webkit-cursor-visibility ' +
  '-webkit-dashboard-region -webkit-filter -webkit-flow-from -webkit-flow-into -webkit-font-feature-settings -webkit-font-kerning ' +
  '-webkit-font-size-delta -webkit-font-smoothing -webkit-font-variant-ligatures -webkit-grid -webkit-grid-area -webkit-grid-auto-columns ' +
  '-webkit-grid-auto-flow -webkit-grid-auto-rows -webkit-grid-column -webkit-grid-column-end -webkit-grid-column-start -webkit-grid-row ' +
  '-webkit-grid-row-end -webkit-grid-row-start -webkit-grid-template -webkit-grid-template-areas -webkit-grid-template-columns ' +
  '-webkit-grid-template-rows -webkit-highlight -webkit-hyphenate-character -webkit-hyphenate-limit-after -webkit-hyphenate-limit-before ' +
  '-webkit-hyphenate-limit-lines -webkit-hyphens -webkit-initial-letter -webkit-justify-self -webkit-line-align -webkit-line-box-contain ' +
  '-webkit-line-break -webkit-line-clamp -webkit-line-grid -webkit-line-snap -webkit-locale -webkit-logical-height -webkit-logical-width ' +
  '-webkit-margin-after -webkit-margin-after-collapse -webkit-margin-before -webkit-margin-before-collapse -webkit-margin-bottom-collapse ' +
  '-webkit-margin-collapse -webkit-margin-end -webkit-margin-start -webkit-margin-top-collapse -webkit-marquee -webkit-marquee-direction ' +
  '-webkit-marquee-increment -webkit-marquee-repetition -webkit-marquee-speed -webkit-marquee-style -webkit-mask -webkit-mask-box-image ' +
  '-webkit-mask-box-image-outset -webkit-mask-box-image-repeat -webkit-mask-box-image-slice -webkit-mask-box-image-source -webkit-mask-box-image-width ' +
  '-webkit-mask-clip -webkit-mask-composite -webkit-mask-image -webkit-mask-origin -webkit-mask-position -webkit-mask-position-x -webkit-mask-position-y ' +
  '-webkit-mask-repeat -webkit-mask-repeat-x -webkit-mask-repeat-y -webkit-mask-size -webkit-mask-source-type -webkit-max-logical-height ' +
  '-webkit-max-logical-width -webkit-min-logical-height -webkit-min-logical-width -webkit-nbsp-mode -webkit-overflow-scrolling -webkit-padding-after ' +
  '-webkit-padding-before -webkit-padding-end -webkit-padding-start -webkit-perspective -webkit-perspective-origin -webkit-perspective-origin-x ' +
  '-webkit-perspective-origin-y -webkit-print-color-adjust -webkit-region-break-after -webkit-region-break-before -webkit-region-break-inside ' +
  '-webkit-region-fragment -webkit-rtl-ordering -webkit-ruby-position -webkit-scroll-snap-coordinate -webkit-scroll-snap-destination ' +
  '-webkit-scroll-snap-points-x -webkit-scroll-snap-points-y -webkit-scroll-snap-type -webkit-shape-image-threshold -webkit-shape-margin ' +
  '-webkit-shape-outside -webkit-tap-highlight-color -webkit-text-align-last -webkit-text-combine -webkit-text-decoration-color ' +
  '-webkit-text-decoration-line -webkit-text-decoration-skip -webkit-text-decoration-style -webkit-text-decorations-in-effect -webkit-text-emphasis ' +
  '-webkit-text-emphasis-color -webkit-text-emphasis-position -webkit-text-emphasis-style -webkit-text-fill-color -webkit-text-justify ' +
  '-webkit-text-orientation -webkit-text-security -webkit-text-size-adjust -webkit-text-stroke -webkit-text-stroke-color -webkit-text-stroke-width ' +
  '-webkit-text-underline-position -webkit-touch-callout -webkit-transform -webkit-transform-origin -webkit-transform-origin-x ' +
  '-webkit-transform-origin-y -webkit-transform-origin-z -webkit-transform-style -webkit-user-drag -webkit-user-modify -webkit-user-select ' +
  '-webkit-writing-mode ::after (:after) ::backdrop ::before (:before) ::first-letter ::first-line ::repeat-index ::repeat-item ::selection ::value ' +
  ':active :checked :default :dir() :disabled :empty :enabled :first :first-child :first-of-type :focus :fullscreen :hover :in-range :indeterminate ' +
  ':invalid :lang() :last-child :last-of-type :left :link :not() :nth-child() :nth-last-child() :nth-last-of-type() :nth-of-type() :only-child ' +
  ':only-of-type :optional :out-of-range :read-only :read-write :required :right :root :scope :target :valid :visited <angle> <basic-shape> <blend-mode> ' +
  '<color> <counter> <custom-ident> <frequency> <gradient> <image> <integer> <length> <number> <percentage> <position> <ratio> <resolution> <shape> ' +
  '<string> <time> <timing-function> <uri> <user-ident> @annotation @character-variant @charset @counter-style @document @font-face @font-feature-values ' +
  '@import @keyframes @media @namespace @ornaments @page @styleset @stylistic @supports @swash @viewport align-content align-items align-self all ' +
  'animation animation-delay animation-direction animation-duration animation-fill-mode animation-iteration-count animation-name animation-play-state ' +
  'animation-timing-function annotation() attr() backface-visibility background background-attachment background-blend-mode background-clip ' +
  'background-color background-image background-origin background-position background-repeat background-size blur() border border-bottom ' +
  'border-bottom-color border-bottom-left-radius border-bottom-right-radius border-bottom-style border-bottom-width border-collapse border-color ' +
  'border-image border-image-outset border-image-repeat border-image-slice border-image-source border-image-width border-left border-left-color ' +
  'border-left-style border-left-width border-radius border-right border-right-color border-right-style border-right-width border-spacing border-style ' +
  'border-top border-top-color border-top-left-radius border-top-right-radius border-top-style border-top-width border-width bottom box-decoration-break ' +
  'box-shadow box-sizing break-after break-before break-inside brightness() calc() caption-side ch character-variant() circle() clear clip clip-path cm ' +
  'color column-count column-fill column-gap column-rule column-rule-color column-rule-style column-rule-width column-span column-width columns content ' +
  'contrast() counter-increment counter-reset cubic-bezier() cursor deg direction display dpcm dpi dppx drop-shadow() element() ellipse() em empty-cells ' +
  'ex filter flex flex-basis flex-direction flex-flow flex-grow flex-shrink flex-wrap float font font-family font-feature-settings font-kerning ' +
  'font-language-override font-size font-size-adjust font-stretch font-style font-synthesis font-variant font-variant-alternates font-variant-caps ' +
  'font-variant-east-asian font-variant-ligatures font-variant-numeric font-variant-position font-weight grad grayscale() grid grid-area ' +
  'grid-auto-columns grid-auto-flow grid-auto-position grid-auto-rows grid-column grid-column-end grid-column-start grid-row grid-row-end grid-row-start ' +
  'grid-template grid-template-areas grid-template-columns grid-template-rows height hsl() hsla() hue-rotate() hyphens hz image() image-orientation ' +
  'image-rendering image-resolution ime-mode in inherit initial inset() invert() isolation justify-content justify-self khz left letter-spacing ' +
  'line-break line-height linear-gradient() list-style list-style-image list-style-position list-style-type margin margin-bottom margin-left ' +
  'margin-right margin-top marks mask mask-source-type mask-type matrix() matrix3d() max-height max-width min-height min-width minmax() mix-blend-mode ' +
  'mm ms object-fit object-position opacity opacity() order ornaments() orphans outline outline-color outline-offset outline-style outline-width ' +
  'overflow overflow-wrap overflow-x overflow-y padding padding-bottom padding-left padding-right padding-top page-break-after page-break-before ' +
  'page-break-inside pc perspective perspective() perspective-origin perspective-origin-x perspective-origin-y pointer-events polygon() position pt px ' +
  'quotes rad radial-gradient() rect() rem repeat() repeating-linear-gradient() repeating-radial-gradient() resize rgb() rgba() right rotate() ' +
  'rotate3d() rotatex() rotatey() rotatez() ruby-align ruby-merge ruby-position s saturate() scale() scale3d() scalex() scaley() scalez() ' +
  'scroll-behavior sepia() shape-image-threshold shape-margin shape-outside skew() skewx() skewy() steps() styleset() stylistic() swash() symbol() ' +
  'tab-size table-layout text-align text-align-last text-combine-upright text-decoration text-decoration-color text-decoration-line ' +
  'text-decoration-style text-emphasis text-emphasis-color text-emphasis-position text-emphasis-style text-indent text-justify text-orientation ' +
  'text-overflow text-rendering text-shadow text-transform text-underline-position top touch-action transform transform-origin transform-origin-x ' +
  'transform-origin-y transform-origin-z transform-style transition transition-delay transition-duration transition-property transition-timing-function ' +
  'translate() translate3d() translatex() translatey() translatez() turn unicode-bidi unicode-range unset url() var() vertical-align vh visibility vmax ' +
  'vmin vw white-space widows width will-change word-break word-spacing word-wrap writing-mode z-index'
).split(' '))
